// `GET /deliveries/{id}/request`: the request of a delivery's latest attempt. It is not stored, so it is built again: from the event on record and the
// configuration of now, with credentials and signatures masked. Sends nothing, and opens no secret.
import type { Context } from "hono";
import { MAX_SHOWN_REQUEST_BYTES } from "../config/limits.ts";
import { decodeUtf8, decodeUtf8Head, toBase64 } from "../kernel/bytes.ts";
import { toInstant, toInstantOrNull } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/random.ts";
import { callbackDestination, showRequest, type ShownRequest } from "../delivery/index.ts";
import type { Connection } from "../model/connection.ts";
import type { Delivery } from "../model/delivery.ts";
import { batchOf, type Destination } from "../model/destination.ts";
import type { SluiceEvent } from "../model/event.ts";
import { Problem } from "../model/problem.ts";
import { findConfig, readConnection, readDestination, readSlugs } from "../store/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { matchPorts } from "./matching.ts";
import type { Named } from "./openapi/client-types.ts";
import { namedDelivery, readContent, readWhole } from "./recorded.ts";

type Answer = Named<"SentRequest">;

type Fault = Extract<Awaited<ReturnType<typeof showRequest>>, { ok: false }>["error"];

/** What a delivery goes over, as it is now. */
interface Way {
  readonly destination: Destination;
  readonly connection: Connection | null;
  /** When it was changed last. Milliseconds since the epoch. */
  readonly changedAt: number;
}

/** @returns text: why it cannot be read */
async function presentWay(deps: ApiDeps, event: SluiceEvent, delivery: Delivery): Promise<Way | string> {
  const { callback_to } = event.options ?? {};
  if (callback_to !== undefined)
    return { destination: callbackDestination(callback_to), connection: null, changedAt: 0 };
  const [to, over] = await Promise.all([
    delivery.destination_id === null ? null : findConfig(deps.db, "destinations", delivery.destination_id),
    delivery.connection_id === null ? null : findConfig(deps.db, "connections", delivery.connection_id),
  ]);
  if (to === null) return "The destination has been deleted.";
  if (over === null && delivery.connection_id !== null) return "The connection has been deleted.";
  return {
    destination: readDestination(to.id, to.spec, to.paused),
    connection: over === null ? null : readConnection(over),
    changedAt: Math.max(to.updated_at, over?.updated_at ?? 0),
  };
}

export async function readSentRequest(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const named = await namedDelivery(deps, c.req.param("id") ?? "");
  const { record } = named;
  if (record === null) throw new Problem("not_found", "The delivery's event is not on record.");
  const [delivery, content] = await Promise.all([readWhole(deps, record, named.delivery), readContent(deps, record)]);
  const { query, headers, body } = content;
  const event: SluiceEvent = { ...record.event, query, headers, body };
  const latest = delivery.attempts.at(-1);
  const at = latest?.started_at ?? deps.now();
  const attempts_made = Math.max(0, delivery.attempts_made - 1);
  const way = await presentWay(deps, event, delivery);
  const head = { attempt: attempts_made + 1, started_at: toInstantOrNull(latest?.started_at) };
  const nothing = { ...head, configuration_changed_at: null, batched: false, request: null };
  if (typeof way === "string") return c.json<Answer>({ ...nothing, error: way });
  const { destination, connection, changedAt } = way;
  const slugs = await readSlugs(deps.db, "sources", [event.source_id]);
  const shown = await showRequest(
    {
      event,
      delivery: { ...delivery, attempts_made },
      destination,
      connection,
      sourceSlug: slugs.get(event.source_id ?? "") ?? null,
    },
    at,
    {
      ...matchPorts(deps),
      now: () => at,
      random: systemRandom,
      rules: { ...deps.settings, ownHosts: deps.settings.hostnames },
    },
  );
  return c.json<Answer>({
    ...head,
    configuration_changed_at: changedAt > at ? toInstant(changedAt) : null,
    batched: batchOf(destination) !== null,
    request: shown.ok ? requestView(shown.value) : null,
    error: shown.ok ? null : whyNone(shown.error),
  });
}

function whyNone(fault: Fault): string {
  switch (fault.kind) {
    case "dead":
      return fault.error;
    case "failed":
      return fault.detail ?? fault.error;
    case "put_off":
      return `${fault.by}: ${fault.detail}`;
  }
}

function requestView(shown: ShownRequest): NonNullable<Answer["request"]> {
  const { method, url, headers, masked, body, bodyBytes, isAsReceived, message } = shown;
  const whole = body?.kind === "inline" && !isAsReceived ? body.bytes : null;
  const bytes = whole?.subarray(0, MAX_SHOWN_REQUEST_BYTES) ?? null;
  const isCut = whole !== null && whole.byteLength > MAX_SHOWN_REQUEST_BYTES;
  const text = bytes === null ? null : isCut ? decodeUtf8Head(bytes) : decodeUtf8(bytes);
  return {
    method,
    url,
    headers,
    masked,
    body_bytes: body === null ? 0 : bodyBytes,
    body_as_received: isAsReceived,
    body_text: text,
    body_base64: bytes === null || text !== null ? null : toBase64(bytes),
    body_cut: isCut,
    message,
  };
}
