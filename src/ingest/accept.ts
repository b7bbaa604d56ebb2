// Accepts one request: finds its source, reads and verifies it within limits, makes it durable, and only then answers 2xx [G1].
// Normally writes nothing to D1: a flood reaches only the queue.
import { createHash } from "node:crypto";
import { BACKPRESSURE_RETRY_SECONDS, MAX_HEAD_BYTES, MAX_HOPS, MAX_WHOLE_BODY_BYTES } from "../config/limits.ts";
import { readDedupeKey } from "../dedupe/index.ts";
import type { Bytes } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { BodyRef, SluiceEvent } from "../model/event.ts";
import {
  type RequestCredentials,
  withoutHeaders,
  withoutParameters,
  withoutSessionCookies,
} from "../model/credentials.ts";
import { HOPS_HEADER, readHops } from "../model/hops.ts";
import { bodyKey } from "../model/ids.ts";
import type { RouteDocument } from "../model/route.ts";
import type { Source } from "../model/source.ts";
import { awaitsSecret } from "../model/verification.ts";
import { mayBeChallenge } from "./handshakes/index.ts";
import { persist, type Persisted } from "./persist.ts";
import type { Accepted, BodyCheck, IngestPorts, Refusal } from "./ports.ts";
import type { InboundHead, Verdict } from "../model/request-check.ts";
import type { BodyHold } from "./body-budget.ts";
import { readBody, type DraftBody } from "./read-body.ts";
import { isSlug } from "../model/names.ts";
import { parseTarget } from "./target.ts";

/** Added by Cloudflare's edge, not by the sender. */
const EDGE_HEADER = /^(cf-.*|cdn-loop)$/;
/** Sluice's own header names: a sender must not be able to set them. */
const isOurs = (name: string): boolean => name.startsWith("sluice-") && name !== HOPS_HEADER;

/** A refusal, with its cause and the beginning of the body for the sample. */
interface Refused {
  readonly refusal: Refusal;
  readonly source: Source | null;
  readonly cause: string | null;
  readonly bodyHead: Bytes;
}

const refused = (refusal: Refusal, source: Source | null, cause: string | null = null, bodyHead?: Bytes) =>
  err<Refused>({ refusal, source, cause, bodyHead: bodyHead ?? new Uint8Array() });

interface Arrival {
  readonly request: Request;
  readonly head: InboundHead;
  readonly headBytes: number;
  readonly slug: string | null;
  /** As the URL names it, possible or not. */
  readonly givenSlug: string | null;
  readonly path: string;
  readonly query: string;
  readonly now: number;
}

export async function accept(request: Request, ports: IngestPorts): Promise<Result<Accepted, Refusal>> {
  const arrival = readArrival(request, ports.now());
  const result = await receive(arrival, ports);
  if (result.ok) return result;
  const { refusal, source, cause, bodyHead } = result.error;
  const { head, givenSlug: slug, path, query, now: at } = arrival;
  const { method, headers, ip } = head;
  ports.refused({ at, source, reason: refusal.reason, cause, method, slug, path, query, headers, ip, bodyHead });
  return err(refusal);
}

function readArrival(request: Request, now: number): Arrival {
  const target = parseTarget(request.url);
  const sent = [...request.headers].filter(([name]) => !EDGE_HEADER.test(name) && !isOurs(name));
  const headers = withoutSessionCookies(sent);
  return {
    request,
    head: { method: request.method, url: request.url, headers, ip: request.headers.get("cf-connecting-ip") },
    headBytes: headers.reduce((sum, [name, value]) => sum + name.length + value.length, request.url.length),
    // An impossible slug is refused without a look-up, so random paths cost nothing.
    slug: target !== null && isSlug(target.slug) ? target.slug : null,
    givenSlug: target?.slug ?? null,
    path: target?.path ?? "",
    query: target?.query ?? "",
    now,
  };
}

async function receive(arrival: Arrival, ports: IngestPorts): Promise<Result<Accepted, Refused>> {
  const { request, head, slug } = arrival;
  let document: RouteDocument | null;
  try {
    document = slug === null ? null : await ports.route(slug);
  } catch (error) {
    ports.report("route", error);
    return refused({ reason: "unavailable" }, null, "route");
  }
  if (document === null || !document.source.enabled) return refused({ reason: "unknown_source" }, null);
  const { source } = document;
  try {
    // A handshake may be a GET even if the source does not allow GET.
    const handshake = await ports.handshake(head, null, source, false);
    if (handshake?.kind === "answer") return ok({ kind: "handshake", answer: handshake.answer });
    if (handshake !== null) return refused({ reason: "verification_failed" }, source, handshake.cause);
    if (!(source.allowed_methods as readonly string[]).includes(request.method)) {
      return refused({ reason: "method_not_allowed", allowed: source.allowed_methods }, source);
    }
    if (arrival.headBytes > MAX_HEAD_BYTES) return refused({ reason: "head_too_large" }, source);
    if (readHops(head.headers) > MAX_HOPS) return refused({ reason: "loop_detected" }, source);
    const refusal = await ports.admit(source);
    if (refusal !== null) return refused(refusal, source);
    return await receiveBody(arrival, document, ports);
  } catch (error) {
    ports.report("accept", error);
    return refused({ reason: "unavailable" }, source, "accept");
  }
}

async function receiveBody(
  arrival: Arrival,
  document: RouteDocument,
  ports: IngestPorts,
): Promise<Result<Accepted, Refused>> {
  const hold = ports.bodyBudget.hold();
  try {
    return await receiveWithinBudget(arrival, document, hold, ports);
  } finally {
    hold.release();
  }
}

async function receiveWithinBudget(
  arrival: Arrival,
  { source, version }: RouteDocument,
  hold: BodyHold,
  ports: IngestPorts,
): Promise<Result<Accepted, Refused>> {
  const { request, head, now } = arrival;
  const id = await ports.mintId(now);
  const check = await ports.beginCheck(head, source, now);
  const { dedupe } = source;
  const hash = dedupe?.key === "body_hash" ? createHash("sha256") : null;
  const length = request.headers.get("content-length");
  const key = bodyKey(id);
  const maxBytes = Math.min(source.max_body_bytes, ports.mostBodyBytes);
  const read = await readBody(
    request.body,
    length === null ? null : Number(length),
    { maxBytes, hold, now: ports.now },
    ports.bodies,
    key,
    (chunk) => {
      check?.update(chunk);
      hash?.update(chunk);
    },
  );
  if (!read.ok) {
    const { reason, head: bodyHead } = read.error;
    return reason === "too_large"
      ? refused({ reason: "body_too_large", maxBytes }, source, null, bodyHead)
      : refused({ reason: "unavailable" }, source, `body_${reason}`, bodyHead);
  }
  const draft = read.value;
  let judged: Judged;
  try {
    judged = await judge(draft, check, head, source, ports);
  } catch (error) {
    await draft.discard();
    throw error;
  }
  if (judged.kind === "refused") {
    await draft.discard();
    return refused(judged.refusal, source, judged.cause, draft.head);
  }
  if (judged.kind === "handshake") {
    await draft.discard();
    return ok(judged);
  }
  const { path, query } = arrival;
  const { method, headers } = head;
  const bodyDigest = (): Uint8Array => new Uint8Array(hash?.digest() ?? []);
  const credentials = ports.credentials(source.verification);
  const stored = withoutConsumed(arrival, source, credentials);
  const body = await draft.store();
  const event: SluiceEvent = {
    id,
    source_id: source.id,
    received_at: now,
    method,
    path,
    ...stored,
    body,
    body_bytes: draft.bytes,
    verified: judged.verified,
    // Not out of a credential: types are shown.
    event_type: ports.eventType(source, withoutHeaders(headers, credentials.headers), draft.whole),
    // An unverified event must not claim a key, or the genuine event would count as its duplicate.
    dedupe:
      dedupe === null || judged.verified === false
        ? null
        : await readDedupeKey(dedupe, { method, path, query, headers, body: draft.whole, bodyDigest }),
  };
  const persisted = await persist(event, source.slug, ports, version);
  if (persisted !== "durable") {
    await deleteBody(body, ports);
    return refused(unpersisted(persisted, maxBytes), source, "keep", draft.head);
  }
  // Only now: a key must never belong to an event that was not persisted.
  const duplicate = event.dedupe != null && (await ports.repeats(event));
  return ok({ kind: "event", id, type: event.event_type ?? null, source, duplicate });
}

function unpersisted(reason: Exclude<Persisted, "durable">, maxBytes: number): Refusal {
  switch (reason) {
    case "overloaded":
      return { reason: "backpressure", retryAfterSeconds: BACKPRESSURE_RETRY_SECONDS };
    case "too_large":
      return { reason: "body_too_large", maxBytes };
    case "unavailable":
      return { reason: "unavailable" };
  }
}

/** The head to store, without the credential that verification checked, unless the source forwards it. */
function withoutConsumed(
  { head: { headers }, query }: Arrival,
  { forward_credentials }: Source,
  credentials: RequestCredentials,
): Pick<SluiceEvent, "headers" | "query" | "options"> {
  if (credentials.headers.length + credentials.query.length === 0) return { headers, query };
  return forward_credentials
    ? { headers, query, options: { credentials } }
    : { headers: withoutHeaders(headers, credentials.headers), query: withoutParameters(query, credentials.query) };
}

type Judged =
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly cause: string }
  | Extract<Accepted, { kind: "handshake" }>
  | { readonly kind: "genuine"; readonly verified: boolean | null };

async function judge(
  draft: DraftBody,
  check: BodyCheck | null,
  head: InboundHead,
  source: Source,
  ports: IngestPorts,
): Promise<Judged> {
  const verdict: Verdict | null = check === null ? null : await check.finish();
  // Before the refusal, because some providers send their signing secret in an unsigned request.
  const handshake =
    draft.whole === null ? null : await ports.handshake(head, draft.whole, source, verdict?.ok === true);
  if (handshake?.kind === "answer") return { kind: "handshake", answer: handshake.answer };
  const unverified = (cause: string, refusal = refusalFor(cause)): Judged => ({ kind: "refused", refusal, cause });
  if (handshake !== null) return unverified(handshake.cause);
  if (verdict?.ok === false && check?.flagOnly === false)
    return awaitsSecret(source.verification)
      ? unverified(verdict.cause, { reason: "awaiting_secret" })
      : unverified(verdict.cause);
  if (verdict?.ok === true && mayBeChallenge(source.verification.type, draft.whole))
    return unverified("challenge_as_body");
  return { kind: "genuine", verified: verdict === null ? null : verdict.ok };
}

function refusalFor(cause: string): Refusal {
  switch (cause) {
    // A genuine sender retries after a temporary refusal; a final one would lose its request.
    case "keys_unavailable":
      return { reason: "unavailable" };
    case "body_too_large_to_verify":
      return { reason: "body_too_large", maxBytes: MAX_WHOLE_BODY_BYTES };
    default:
      return { reason: "verification_failed" };
  }
}

/** Removes an object that no event refers to. If that fails, the object stays unused. */
async function deleteBody(body: BodyRef, ports: IngestPorts): Promise<void> {
  if (body.kind !== "r2") return;
  await ports.bodies.delete(body.key).catch((error: unknown) => ports.report("body_delete", error));
}
