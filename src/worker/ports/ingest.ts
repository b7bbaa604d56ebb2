// Puts the real bindings behind ingest. Wiring only.
import {
  BACKPRESSURE_RETRY_SECONDS,
  DEDUPE_EDGE_WAIT_MS,
  MAX_INLINE_BODY_BYTES,
  RECORD_FULL_RETRY_SECONDS,
} from "../../config/limits.ts";
import { toCandidate } from "../../dedupe/index.ts";
import { accept, acceptedResponse, refusedResponse, type IngestPorts } from "../../ingest/index.ts";
import { handshakePort } from "./handshakes.ts";
import { SECOND_MS } from "../../kernel/durations.ts";
import type { EventMessage } from "../../model/message.ts";
import { queueFault, sendEvent } from "../queues.ts";
import { beginCheck, configPlace, consumedCredentials, demandsNothing, eventType } from "../../signing/index.ts";
import { bodyView } from "../../routing/index.ts";
import { boundBucket, bucketOf } from "../bucket.ts";
import type { Runtime } from "../runtime.ts";
import { databaseOf } from "../databases.ts";
import * as store from "../../store/index.ts";
import { describeError } from "../../telemetry/index.ts";
/** What a message takes of the queue: a large body lies elsewhere. */
export const sentBytes = ({ event }: EventMessage): number =>
  event.headers.reduce((sum, [name, value]) => sum + name.length + value.length, event.path.length) +
  event.query.length +
  (event.body.kind === "inline" ? event.body_bytes : 0);

export function ingestPorts(runtime: Runtime, ctx: Pick<ExecutionContext, "waitUntil">): IngestPorts {
  const { env, settings, log, ids, routes, intake, vault, now } = runtime;
  return {
    now,
    mintId: ids.mint,
    route: (slug) => routes.bySlug(slug, (work) => ctx.waitUntil(work)),
    credentials: consumedCredentials,
    beginCheck: async (head, { id, verification }, at) => {
      if (demandsNothing(verification)) return null;
      // Throws when a secret cannot be opened: the request cannot be verified now, and its sender is told to retry.
      const secrets = await vault.openSecrets(
        ("secrets" in verification ? verification.secrets : undefined) ?? [],
        configPlace(id, "verification/secrets"),
      );
      const check = beginCheck(head, verification, secrets, at, intake.remote.of(id));
      return { ...check, flagOnly: verification.on_failure === "accept" };
    },
    handshake: handshakePort(runtime),
    eventType: (source, headers, body) =>
      eventType(source, headers, () => bodyView({ headers }, body ?? "too_large").value),
    bodies: bucketOf(env),
    mostBodyBytes: boundBucket(env) === undefined ? MAX_INLINE_BODY_BYTES : Infinity,
    bodyBudget: intake.bodyBudget,
    send: async (message) => {
      const source = message.event.source_id ?? "";
      try {
        intake.meter.sent(source, sentBytes(message), await sendEvent(env, message), now());
      } catch (error) {
        if (queueFault(error) === "full") intake.meter.queueFull(now());
        throw error;
      }
    },
    admit: async ({ id, rate_limit: limit }) => {
      if (intake.meter.refuses(id, now())) {
        return { reason: "backpressure", retryAfterSeconds: BACKPRESSURE_RETRY_SECONDS };
      }
      if (await intake.recordFull.refuses())
        return { reason: "backpressure", retryAfterSeconds: RECORD_FULL_RETRY_SECONDS };
      const waitMs = limit === null ? null : await intake.limiter.waitFor(id, limit);
      return waitMs === null
        ? null
        : { reason: "rate_limited", retryAfterSeconds: Math.max(1, Math.ceil(waitMs / SECOND_MS)) };
    },
    maySpill: (error) => intake.spill.take(queueFault(error), now()),
    journalD1: async (message) =>
      store.journalInD1(databaseOf(env, message.event.id), [message], now() + settings.outboxVisibilityMs),
    journalR2: (message) => store.journalInR2(bucketOf(env), message),
    journal: settings.journal,
    repeats: async (event) => {
      const candidate = toCandidate(event);
      if (candidate === null) return false;
      const first = (await intake.firstEvents([candidate], DEDUPE_EDGE_WAIT_MS)).get(event.id);
      return first !== undefined && first !== event.id;
    },
    refused: (rejection) => {
      const { source, reason, cause, method } = rejection;
      intake.refusals.add(reason, { source: source?.slug ?? null, cause, method });
      intake.rejections.add(rejection, (work) => ctx.waitUntil(work));
    },
    report: (what, error) => log.error("ingest", { step: what, error: describeError(error) }),
  };
}

/** Takes one webhook in. @param problem how refusals are written down */
export async function ingest(
  request: Request,
  runtime: Runtime,
  ctx: Pick<ExecutionContext, "waitUntil">,
  problem: Parameters<typeof refusedResponse>[1],
): Promise<Response> {
  const result = await accept(request, ingestPorts(runtime, ctx));
  if (!result.ok) {
    const response = refusedResponse(result.error, problem);
    if (result.error.reason !== "body_too_large") return response;
    const declared = request.headers.get("content-length");
    return runtime.intake.answerWhileSending(
      response,
      request.body,
      declared === null ? null : Number(declared),
      runtime.now,
      (work) => ctx.waitUntil(work),
    );
  }
  const accepted = result.value;
  runtime.intake.rejections.settle((work) => ctx.waitUntil(work));
  runtime.log.debug(
    "accepted",
    accepted.kind === "event"
      ? { event: accepted.id, type: accepted.type, source: accepted.source.slug }
      : { kind: accepted.kind },
  );
  return acceptedResponse(accepted);
}
