// D1 asks its callers to repeat a write after a transient fault.
// https://developers.cloudflare.com/d1/best-practices/retry-queries/
import { D1_RETRY_WAITS_MS } from "../config/record-limits.ts";

const TRANSIENT =
  /network connection lost|storage caused object to be reset|reset because its code was updated|overloaded/i;

/** Runs `work` again, at most twice, after a fault that D1 documents as transient. */
export async function withRetries<T>(work: () => Promise<T>, sleep: (ms: number) => Promise<void>): Promise<T> {
  for (const waitMs of D1_RETRY_WAITS_MS) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error) || !TRANSIENT.test(error.message)) throw error;
      await sleep(waitMs);
    }
  }
  return work();
}
