// Makes one attempt: prepares the request, sends it within its permit, again with a fresh token after a 401, and removes
// credentials from the answer.
import { PERMIT_GRACE_MS } from "../../config/limits.ts";
import { LISTENER_ABANDONED_MS, LISTENER_BACK_MS, LISTENER_RETRY_MS } from "../../config/listener-limits.ts";
import type { DeferralReason } from "../../model/lifecycle.ts";
import { err } from "../../kernel/result.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { DispatchPorts } from "../ports.ts";
import { mocked } from "./mock.ts";
import { prepare } from "./prepare.ts";
import { forwardedCredentials } from "../../model/credentials.ts";
import { redactAnswer } from "./redact.ts";
import { deferred, ended, held, putOffMs } from "../outcome/transitions.ts";
import type { Sending, Unprepared } from "../types.ts";
import type { Grant } from "../../gate/index.ts";
import { describeError } from "../../telemetry/index.ts";
import type { OutboundRequest, Answer } from "../../outbound/index.ts";

export type Attempted =
  | { readonly kind: "answered"; readonly answer: Answer; readonly startedAt: number }
  | { readonly kind: "dead"; readonly error: string }
  /** Until its listener connects. `abandoned`: nobody has listened for so long that its connection takes no more events. */
  | { readonly kind: "held"; readonly abandoned: boolean }
  | {
      readonly kind: "put_off";
      readonly by: DeferralReason;
      readonly until: number;
      readonly slotAt: number | null;
      readonly error: string | null;
    };

export interface Permission {
  /** The latest time to send; null for any time. */
  readonly until: number | null;
  /** Asks for a permit for one more request to this destination. */
  readonly again: () => Promise<Grant>;
}

const BODY_UNAVAILABLE: Unprepared = { kind: "put_off", by: "body_unavailable", detail: "R2 cannot be read" };

export async function makeAttempt(sending: Sending, permission: Permission, ports: DispatchPorts): Promise<Attempted> {
  const startedAt = ports.now();
  const prepared = await prepareSafely(sending, startedAt, ports, null);
  if (!prepared.ok) return withoutRequest(prepared.error, sending, startedAt, ports);
  if (permission.until !== null && ports.now() > permission.until + PERMIT_GRACE_MS) {
    // Preparing took longer than the permit lasts: this request would use the slot of another one.
    const grant = await permission.again();
    if (grant.kind === "defer")
      return { kind: "put_off", by: grant.by, until: grant.until, slotAt: grant.until, error: null };
    if (grant.at > ports.now()) await ports.sleep(grant.at - ports.now());
  }
  const request = mocked(prepared.value, sending, ports.sleep);
  const credentials = [...(request.credentials ?? []), ...forwardedCredentials(sending.event)];
  let answer = redactAnswer(await ports.send(request), credentials);
  if (answer.isOverBudget === true)
    return { kind: "put_off", by: "subrequests", until: ports.now(), slotAt: null, error: null };
  if (answer.isBodyUnavailable === true) return withoutRequest(BODY_UNAVAILABLE, sending, startedAt, ports);
  if (answer.withoutListenerMs !== undefined) return withoutListener(answer.withoutListenerMs, ports.now());
  if (answer.status === 401 && sending.destination.auth.type === "oauth2_client_credentials")
    answer = (await sendAgain(sending, request, answer, permission, ports)) ?? answer;
  return { kind: "answered", answer, startedAt };
}

/** A listener that reconnects by itself is back within seconds, so its deliveries come again before they are held. */
const withoutListener = (forMs: number, now: number): Attempted =>
  forMs < LISTENER_BACK_MS
    ? { kind: "put_off", by: "listener_gone", until: now + LISTENER_RETRY_MS, slotAt: null, error: null }
    : { kind: "held", abandoned: forMs > LISTENER_ABANDONED_MS };

/** An unexpected error of ours counts as an attempt without an answer, as a failed send does. */
export async function prepareSafely(
  sending: Sending,
  now: number,
  ports: DispatchPorts,
  refused: string | null,
): ReturnType<typeof prepare> {
  try {
    return await prepare(sending, now, ports, refused);
  } catch (error) {
    ports.log.error("request not prepared", { delivery: sending.delivery.id, error: describeError(error) });
    return err({ kind: "failed", error: "network" });
  }
}

/** Sends again with a token that the destination has not refused yet; null if there is no such token or no permit. */
async function sendAgain(
  sending: Sending,
  first: OutboundRequest,
  refusal: Answer,
  permission: Permission,
  ports: DispatchPorts,
): Promise<Answer | null> {
  const left = first.timeoutMs - refusal.durationMs;
  const prepared = await prepareSafely(sending, ports.now(), ports, first.credentials?.[0] ?? null);
  if (!prepared.ok || left <= 0) return null;
  if (permission.until !== null) {
    const grant = await permission.again();
    if (grant.kind === "defer") return null;
    if (grant.at > ports.now()) await ports.sleep(grant.at - ports.now());
  }
  const answer = await ports.send({ ...prepared.value, timeoutMs: left });
  if (answer.isBodyUnavailable === true || answer.isOverBudget === true) return null;
  return redactAnswer({ ...answer, durationMs: refusal.durationMs + answer.durationMs }, [
    ...(first.credentials ?? []),
    ...forwardedCredentials(sending.event),
    ...(prepared.value.credentials ?? []),
  ]);
}

/** The next state of a delivery for which no request was sent: no attempt is used. */
export function withoutAnswer(
  delivery: Delivery,
  attempted: Exclude<Attempted, { kind: "answered" }>,
  now: number,
): Delivery {
  if (attempted.kind === "held") return held(delivery);
  if (attempted.kind === "dead") return ended(delivery, "dead", attempted.error, now);
  const waiting = deferred(delivery, attempted.by, attempted.until, attempted.slotAt);
  return attempted.error === null ? waiting : { ...waiting, last_error: attempted.error };
}

/** The result when no request could be prepared. */
export function withoutRequest(
  reason: Unprepared,
  sending: Sending,
  startedAt: number,
  ports: DispatchPorts,
): Attempted {
  const now = ports.now();
  switch (reason.kind) {
    case "dead":
      return { kind: "dead", error: reason.error };
    case "failed":
      return {
        kind: "answered",
        startedAt,
        answer: {
          status: null,
          headers: null,
          error: reason.error,
          excerpt: null,
          durationMs: now - startedAt,
          detail: reason.detail ?? null,
        },
      };
    case "put_off": {
      ports.log.error("delivery put off", {
        destination: sending.destination.slug,
        by: reason.by,
        detail: reason.detail,
      });
      const until = now + putOffMs(now - sending.delivery.created_at) * (1 + 0.1 * ports.random());
      return { kind: "put_off", by: reason.by, until, slotAt: null, error: `${reason.by}: ${reason.detail}` };
    }
  }
}
