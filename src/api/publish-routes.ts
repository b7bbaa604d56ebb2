// `POST /events` and test events: publishes an event without a source's URL. As for a received event, the answer is sent only once the
// event is durable [G1].
// Also answers the secrets that sign callbacks.
import type { Context, Hono } from "hono";
import { MAX_INLINE_BODY_BYTES } from "../config/limits.ts";
import { timeToBase32, toBase32 } from "../kernel/base32.ts";
import { utf8, type Bytes } from "../kernel/bytes.ts";
import type { BodyRef, EventOptions, SluiceEvent } from "../model/event.ts";
import { bodyKey, type DestinationId, type EventId, type SourceId } from "../model/ids.ts";
import { sourceSpecSchema, type SourceSpec } from "../model/source.ts";
import { readSpec } from "../model/stored-spec.ts";
import { bodyView } from "../routing/index.ts";
import { eventType } from "../signing/index.ts";
import { describeError } from "../telemetry/index.ts";
import { checkCallbacks, findNamedIn } from "../management/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid, Problem } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import { deliverAt, publishedBody, publishedHeaders, publishSchema, type PublishInput } from "./publish-input.ts";
import type { Named } from "./openapi/client-types.ts";
import { jsonBody } from "./query.ts";
import { urlRules } from "./management.ts";
import { findConfig } from "../store/index.ts";

interface Aim {
  readonly source: { readonly id: SourceId; readonly slug: string; readonly spec: SourceSpec } | null;
  readonly destinations: readonly DestinationId[] | null;
}

async function resolveAim(deps: ApiDeps, input: PublishInput): Promise<Aim> {
  if (input.source !== undefined) {
    const record = await findNamedIn(deps.db, "sources", "/source", input.source);
    const spec = readSpec(sourceSpecSchema, record.spec);
    if (!spec.enabled) throw invalid("/source", "is disabled");
    return { source: { id: record.id as SourceId, slug: record.slug, spec }, destinations: null };
  }
  const ids: DestinationId[] = [];
  for (const [index, name] of (input.destinations ?? []).entries()) {
    const record = await findNamedIn(deps.db, "destinations", `/destinations/${index}`, name);
    if (ids.includes(record.id as DestinationId))
      throw invalid(`/destinations/${index}`, "names the same destination twice");
    ids.push(record.id as DestinationId);
  }
  return { source: null, destinations: ids };
}

/** The same idempotency key gives the same id, so that a request that runs twice makes one event. */
async function makeEventId(c: Context<ApiEnv>, deps: ApiDeps, now: number): Promise<EventId> {
  const claim = c.get("idempotency");
  if (claim === undefined) return deps.mintEventId(now);
  const digest = await crypto.subtle.digest("SHA-256", utf8(claim.scope));
  return deps.completeEventId(timeToBase32(now) + toBase32(new Uint8Array(digest)).slice(0, 13));
}

async function placed(deps: ApiDeps, id: EventId, bytes: Bytes): Promise<BodyRef> {
  if (bytes.byteLength <= MAX_INLINE_BODY_BYTES) return { kind: "inline", bytes };
  const key = bodyKey(id);
  await deps.bodies.put(key, bytes);
  return { kind: "r2", key };
}

const unavailable = (): Problem =>
  new Problem("unavailable", "The event cannot be stored at the moment. Send it again.");

/** @param json the text of the input, from which a JSON body is taken byte for byte */
export async function publishEvent(
  c: Context<ApiEnv>,
  deps: ApiDeps,
  input: PublishInput,
  json: string,
): Promise<EventId> {
  const now = c.get("idempotency")?.since ?? deps.now();
  const body = publishedBody(input, json);
  if (body.bytes.byteLength > deps.mostBodyBytes)
    throw new Problem("body_too_large", `This deployment accepts bodies of up to ${deps.mostBodyBytes} bytes.`);
  const at = deliverAt(input, now);
  await checkCallbacks({ ...deps, urls: urlRules(c, deps) }, input);
  const aim = await resolveAim(deps, input);
  const id = await makeEventId(c, deps, now);
  const options: EventOptions = {
    ...(at === null ? {} : { deliver_at: at }),
    ...(aim.destinations === null ? {} : { destinations: aim.destinations }),
    ...(input.callback_url === undefined ? {} : { callback_url: input.callback_url }),
    ...(input.failure_callback_url === undefined ? {} : { failure_callback_url: input.failure_callback_url }),
  };
  const headers = publishedHeaders(input, body.contentType);
  const event: SluiceEvent = {
    id,
    source_id: aim.source?.id ?? null,
    received_at: now,
    method: input.method,
    path: input.path,
    query: input.query === "" || input.query.startsWith("?") ? input.query : `?${input.query}`,
    headers,
    body: await placed(deps, id, body.bytes).catch((error: unknown) => {
      deps.log.error("publish", { step: "body", error: describeError(error) });
      throw unavailable();
    }),
    body_bytes: body.bytes.byteLength,
    verified: null,
    event_type:
      aim.source === null ? null : eventType(aim.source.spec, headers, () => bodyView({ headers }, body.bytes).value),
    options,
  };
  if (!(await deps.persistEvent(event, aim.source?.slug ?? null))) {
    // No event refers to the object. If it cannot be deleted, it stays unused.
    if (event.body.kind === "r2") await deps.bodies.delete(event.body.key).catch(() => undefined);
    throw unavailable();
  }
  return id;
}

async function publish(c: Context<ApiEnv>, deps: ApiDeps, input: PublishInput, json: string): Promise<Response> {
  const id = await publishEvent(c, deps, input, json);
  return c.json<Named<"Accepted">>({ id, status: "accepted" }, 202, { "sluice-event-id": id });
}

/** A small event straight to one destination, sent with the same credentials and signature as every other. */
async function test(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const record = await findConfig(deps.db, "destinations", c.req.param("id") ?? "");
  if (record === null) throw new Problem("not_found", "There is no such destination.");
  const json = JSON.stringify({
    destinations: [record.id],
    body: { type: "sluice.test", message: "A test event of Sluice.", destination: record.slug },
  });
  return publish(c, deps, publishSchema.parse(JSON.parse(json)), json);
}

export function mountPublish(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.post("/events", async (c) => publish(c, deps, parse(publishSchema, await jsonBody(c)), await c.req.text()));
  app.post("/destinations/:id/test", (c) => test(c, deps));
  app.get("/callbacks/secret", async (c) =>
    c.json<Named<"CallbackSecrets">>({ secrets: await deps.callbackSecrets() }),
  );
}
