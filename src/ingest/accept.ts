// Accepts one request: finds its source, bounds, reads and checks it, makes it durable, and only then says so [G1].
// Writes nothing to D1 on the normal path: a flood meets only the queue.
import { createHash } from "node:crypto";
import { BACKPRESSURE_RETRY_SECONDS, MAX_HEAD_BYTES, MAX_HOPS } from "../config/limits.ts";
import { readDedupeKey } from "../dedupe/index.ts";
import type { Bytes } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { BodyRef, SluiceEvent } from "../model/event.ts";
import { withoutHeaders, withoutParameters, withoutSessionCookies } from "../model/credentials.ts";
import { HOPS_HEADER, readHops } from "../model/hops.ts";
import { bodyKey } from "../model/ids.ts";
import type { RouteDocument } from "../model/route.ts";
import type { Source } from "../model/source.ts";
import { signedAsToken } from "./handshakes/index.ts";
import { keep } from "./keep.ts";
import type { Accepted, BodyCheck, IngestPorts, Refusal } from "./ports.ts";
import type { InboundHead, Verdict } from "../model/request-check.ts";
import type { BodyHold } from "./body-budget.ts";
import { readBody, type DraftBody } from "./read-body.ts";
import { isSlug } from "../model/names.ts";
import { parseTarget } from "./target.ts";

/** Put on by the edge, not by the sender. */
const EDGE_HEADER = /^(cf-.*|cdn-loop)$/;
/** Sluice's own names. A sender that could set them would speak for Sluice. */
const isOurs = (name: string): boolean => name.startsWith("sluice-") && name !== HOPS_HEADER;

/** Refused, with what is known of why and of the body. */
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
  readonly path: string;
  readonly query: string;
  readonly now: number;
}

export async function accept(request: Request, ports: IngestPorts): Promise<Result<Accepted, Refusal>> {
  const arrival = arrivalOf(request, ports.now());
  const result = await take(arrival, ports);
  if (result.ok) return result;
  const { refusal, source, cause, bodyHead } = result.error;
  const { head, path, query, now: at } = arrival;
  const { method, headers, ip } = head;
  ports.refused({ at, source, reason: refusal.reason, cause, method, path, query, headers, ip, bodyHead });
  return err(refusal);
}

function arrivalOf(request: Request, now: number): Arrival {
  const target = parseTarget(request.url);
  const sent = [...request.headers].filter(([name]) => !EDGE_HEADER.test(name) && !isOurs(name));
  const headers = withoutSessionCookies(sent);
  return {
    request,
    head: { method: request.method, url: request.url, headers, ip: request.headers.get("cf-connecting-ip") },
    headBytes: headers.reduce((sum, [name, value]) => sum + name.length + value.length, request.url.length),
    // Refused by its form, without a look-up: random paths cost nothing.
    slug: target !== null && isSlug(target.slug) ? target.slug : null,
    path: target?.path ?? "",
    query: target?.query ?? "",
    now,
  };
}

async function take(arrival: Arrival, ports: IngestPorts): Promise<Result<Accepted, Refused>> {
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
    // May come as GET where the source takes no GET.
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
    return await takeBody(arrival, document, ports);
  } catch (error) {
    ports.report("accept", error);
    return refused({ reason: "unavailable" }, source, "accept");
  }
}

async function takeBody(
  arrival: Arrival,
  document: RouteDocument,
  ports: IngestPorts,
): Promise<Result<Accepted, Refused>> {
  const hold = ports.bodyBudget.hold();
  try {
    return await takeHeldBody(arrival, document, hold, ports);
  } finally {
    hold.release();
  }
}

async function takeHeldBody(
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
  const read = await readBody(
    request.body,
    length === null ? null : Number(length),
    { maxBytes: source.max_body_bytes, hold, now: ports.now },
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
      ? refused({ reason: "body_too_large", maxBytes: source.max_body_bytes }, source, null, bodyHead)
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
    return refused({ reason: judged.reason }, source, judged.cause, draft.head);
  }
  if (judged.kind === "handshake") {
    await draft.discard();
    return ok(judged);
  }
  const { path, query } = arrival;
  const { method, headers } = head;
  const bodyDigest = (): Uint8Array => new Uint8Array(hash?.digest() ?? []);
  const stored = withoutConsumed(arrival, source, ports);
  const body = await draft.keep();
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
    // What may be forged must not pass for the first of a key: the genuine one would be its duplicate.
    dedupe:
      dedupe === null || judged.verified === false
        ? null
        : await readDedupeKey(dedupe, { method, path, query, headers, body: draft.whole, bodyDigest }),
  };
  const kept = await keep(event, source.slug, ports, version);
  if (kept !== "durable") {
    await forget(body, ports);
    const refusal =
      kept === "overloaded"
        ? ({ reason: "backpressure", retryAfterSeconds: BACKPRESSURE_RETRY_SECONDS } as const)
        : ({ reason: "unavailable" } as const);
    return refused(refusal, source, "keep", draft.head);
  }
  // Only now: a key never points at an event that was not kept.
  return ok({ kind: "event", id, source, duplicate: event.dedupe != null && (await ports.repeats(event)) });
}

/** The head to store: without the credential that the verification checked, unless the source forwards it. */
function withoutConsumed(
  { head: { headers }, query }: Arrival,
  { verification, forward_credentials }: Source,
  ports: IngestPorts,
): Pick<SluiceEvent, "headers" | "query" | "options"> {
  const credentials = ports.credentials(verification);
  if (credentials.headers.length + credentials.query.length === 0) return { headers, query };
  return forward_credentials
    ? { headers, query, options: { credentials } }
    : { headers: withoutHeaders(headers, credentials.headers), query: withoutParameters(query, credentials.query) };
}

type Judged =
  | { readonly kind: "refused"; readonly reason: "verification_failed" | "unavailable"; readonly cause: string }
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
  // Before the refusal: some providers say in an unsigned request what they will sign with.
  const handshake =
    draft.whole === null ? null : await ports.handshake(head, draft.whole, source, verdict?.ok === true);
  if (handshake?.kind === "answer") return { kind: "handshake", answer: handshake.answer };
  if (handshake !== null) return { kind: "refused", reason: "verification_failed", cause: handshake.cause };
  if (verdict?.ok === false && check?.flagOnly === false) {
    const { cause } = verdict;
    // A genuine sender that is told to come again sends again; a refusal for good would lose what it sent.
    return { kind: "refused", reason: cause === "keys_unavailable" ? "unavailable" : "verification_failed", cause };
  }
  if (verdict?.ok === true && signedAsToken(source.verification.type, draft.whole))
    return { kind: "refused", reason: "verification_failed", cause: "challenge_as_body" };
  return { kind: "genuine", verified: verdict === null ? null : verdict.ok };
}

/** An object that no event points at. What cannot be removed now stays unused. */
async function forget(body: BodyRef, ports: IngestPorts): Promise<void> {
  if (body.kind !== "r2") return;
  await ports.bodies.delete(body.key).catch((error: unknown) => ports.report("body_delete", error));
}
