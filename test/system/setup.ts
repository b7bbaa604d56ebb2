// On another date, what a test starts is on it too: the Worker by an entry of its own, the command line by a module that it loads first. Wrangler
// keeps the machine's time, because its proxy would hang.
import { moveClock, untilInstant } from "../another-date.ts";

const aheadMs = untilInstant(process.env["TEST_DATE"]);
moveClock(aheadMs);
if (aheadMs !== 0) {
  process.env["TEST_AHEAD_MS"] = String(aheadMs);
  const first = encodeURIComponent(`(${moveClock.toString()})(${aheadMs})`);
  process.env["TEST_NODE_OPTIONS"] = `--import=data:text/javascript,${first}`;
  process.env["SLUICE_DEV_ARGS"] = `test/system/another-date-worker.ts --var TEST_AHEAD_MS:${aheadMs}`;
}
