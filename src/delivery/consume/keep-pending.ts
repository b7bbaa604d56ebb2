// Keeps outcomes in R2 that D1 cannot record now, so that no attempt is repeated because it was not recorded. Messages for waiting deliveries are sent
// once these are on record: earlier ones would find no row in D1, or repeat the attempt.
import { MAX_PENDING_BYTES } from "../../config/record-limits.ts";
import { encodedBytes } from "../../kernel/encoded-size.ts";
import { describeError } from "../../telemetry/index.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { Writes } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Conclusion } from "./conclusion.ts";
import { forgetInR2 } from "./forget.ts";
import { asLate } from "./writes.ts";

interface Kept {
  readonly conclusion: Conclusion;
  readonly writes: Writes;
}

/** Settles each message: acked once its outcome is in R2, else it comes back. @param writes of each conclusion */
export async function keepPending(
  conclusions: readonly Conclusion[],
  writes: readonly Writes[],
  ports: ConsumerPorts,
): Promise<void> {
  const all = conclusions.flatMap((conclusion, index): Kept[] => {
    const own = writes[index];
    return own === undefined ? [] : [{ conclusion, writes: asLate(own) }];
  });
  for (const part of splitBySize(all)) await keepPart(part, ports);
}

async function keepPart(part: readonly Kept[], ports: ConsumerPorts): Promise<void> {
  const conclusions = part.map(({ conclusion }) => conclusion);
  try {
    await ports.putPending(part.map(({ writes }) => writes));
  } catch (error) {
    // A later attempt's claim expires: the next consumer finds it interrupted.
    ports.log.error("record not kept", { records: part.length, error: describeError(error) });
    for (const { incoming } of conclusions) incoming?.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
    return;
  }
  await forgetInR2(conclusions, ports);
  for (const { incoming } of conclusions) incoming?.ack();
}

/** Each part is one object. */
function splitBySize(all: readonly Kept[]): Kept[][] {
  const parts: Kept[][] = [];
  let bytes = Infinity;
  for (const one of all) {
    const size = encodedBytes(one.writes);
    bytes += size;
    if (bytes <= MAX_PENDING_BYTES) parts.at(-1)?.push(one);
    else {
      parts.push([one]);
      bytes = size;
    }
  }
  return parts;
}
