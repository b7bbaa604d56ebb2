// Prepares the request of one attempt, step by step. What it opens, fetches or reads may take time, so the permit to send is looked at
// again afterwards. Touches neither the record nor the queue.
import type { Result } from "../kernel/result.ts";
import type { ErrorCode } from "../model/delivery.ts";
import { authorize, type AuthorizePorts } from "./authorize.ts";
import { buildRequest, type OutboundRequest, type Sending } from "./request.ts";

/** Why there is no request to send. */
export type Unprepared =
  /** No later attempt can do better: the delivery is dead for this reason. */
  | { readonly kind: "dead"; readonly error: string }
  /** Ours to mend: put off, without using an attempt. */
  | { readonly kind: "put_off"; readonly by: "secret_unavailable"; readonly detail: string }
  /** Counts as an attempt that got no answer. */
  | { readonly kind: "failed"; readonly error: ErrorCode };

export type PreparePorts = AuthorizePorts;

/** @param refused a token that the destination has just answered 401 to */
export async function prepare(
  sending: Sending,
  now: number,
  ports: PreparePorts,
  refused: string | null = null,
): Promise<Result<OutboundRequest, Unprepared>> {
  const built = buildRequest(sending, now);
  return authorize(built, sending, now, ports, refused);
}
