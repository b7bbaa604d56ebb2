// On another date, all that a test starts is on it too: Node's processes by a module that they load first, the Worker by an entry of its own.
import { moveClock, untilInstant } from "../another-date.ts";

const aheadMs = untilInstant(process.env["TEST_DATE"]);
moveClock(aheadMs);
if (aheadMs !== 0) {
  process.env["TEST_AHEAD_MS"] = String(aheadMs);
  const first = encodeURIComponent(`(${moveClock.toString()})(${aheadMs})`);
  process.env["NODE_OPTIONS"] = `${process.env["NODE_OPTIONS"] ?? ""} --import=data:text/javascript,${first}`;
  process.env["SLUICE_DEV_ARGS"] = `test/system/another-date-worker.ts --var TEST_AHEAD_MS:${aheadMs}`;
}
