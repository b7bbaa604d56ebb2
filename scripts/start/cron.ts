// Local cron triggers do not fire by themselves, so this calls the handler every few seconds, one call at a time.
import { setTimeout as wait } from "node:timers/promises";

const EVERY_MS = 3_000;
const TIMEOUT_MS = 60_000;

/** Calls `scheduled` until `signal` aborts. Failed calls are not reported, because the Worker logs its own errors. */
export async function fireCron(origin: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await wait(EVERY_MS, undefined, { signal });
      const url = `${origin}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`;
      const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
      await response.arrayBuffer();
    } catch {
      // The next call follows anyway.
    }
  }
}
