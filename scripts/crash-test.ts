// `npm run crash-test`: tests that a crash loses no accepted event. Kills a local Sluice with SIGKILL in the middle of the demo, starts it
// again with the same state, and lets the demo compare what was sent and what arrived.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { killGroup, startScript, startSluice } from "./local-sluice.ts";

export interface CrashReport {
  /** Events accepted when Sluice was killed; null if it was not killed. */
  readonly killedAt: number | null;
  readonly demoExitCode: number | null;
  /** Everything that the demo printed. */
  readonly output: string;
}

/** About a third of the demo's events. */
const KILL_AT = 110;

/** @param say prints each step */
export async function crashInTheMiddle(say: (line: string) => void): Promise<CrashReport> {
  const sluice = await startSluice();
  const { origin, token } = sluice.client;
  const demo = startScript("demo.ts", {
    ...process.env,
    SLUICE_URL: origin,
    SLUICE_ADMIN_TOKEN: token,
    DEMO_SIGNAL_AT: String(KILL_AT),
  });
  const demoEnd = once(demo, "close");
  try {
    let output = "";
    let killedAt: number | null = null;
    const restarts: Promise<void>[] = [];
    const watch = (line: string): void => {
      output += `${line}\n`;
      say(line);
      const [, done] = /^accepted (\d+) so far$/.exec(line) ?? [];
      if (killedAt !== null || done === undefined) return;
      killedAt = Number(done);
      say("killing Sluice with SIGKILL and restarting it");
      const restart = sluice.kill().then(sluice.start);
      // A failed start is reported below, after the demo has given up.
      restart.catch(() => {});
      restarts.push(restart);
    };
    if (demo.stdout) createInterface({ input: demo.stdout }).on("line", watch);
    if (demo.stderr) createInterface({ input: demo.stderr }).on("line", watch);
    const [demoExitCode] = (await demoEnd) as [number | null];
    await Promise.all(restarts);
    return { killedAt, demoExitCode, output };
  } finally {
    killGroup(demo);
    await sluice.stop();
  }
}

if (import.meta.main) {
  const { killedAt, demoExitCode } = await crashInTheMiddle((line) => console.log(line));
  console.log(killedAt === null ? "The demo ended before Sluice could be killed." : `Killed after ${killedAt} events.`);
  process.exitCode = killedAt !== null && demoExitCode === 0 ? 0 : 1;
}
