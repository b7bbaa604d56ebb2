// Parameters of the contract that many operations share, with their meaning.
import { MAX_EVENT_TYPE_LENGTH } from "../../config/limits.ts";
import { DEFAULT_LIMIT, MAX_LIMIT } from "../query.ts";
import { instant, number, oneOf, text, type Json, type Schema } from "./schema.ts";

export interface Parameter<T = unknown> {
  readonly says: string;
  readonly schema: Schema<T>;
  readonly example?: T;
}
export type Parameters = Readonly<Record<string, Parameter>>;

export const taking = <T>(schema: Schema<T>, says: string, example?: T): Parameter<T> => ({
  says,
  schema,
  ...(example === undefined ? {} : { example }),
});

export const parameter = (
  name: string,
  where: "path" | "query" | "header",
  { says, schema, example }: Parameter,
): Json => ({
  name,
  in: where,
  required: where === "path",
  description: says,
  schema,
  ...(example === undefined ? {} : { example }),
});

export const FROM = taking(instant, "At or after this instant", "2026-11-24T00:00:00.000Z");
export const TO = taking(instant, "Before this instant", "2026-11-25T00:00:00.000Z");
export const SOURCE = taking(text, "Of this source: id or slug", "shop");
export const TYPE = taking<string>(
  { type: "string", minLength: 1, maxLength: MAX_EVENT_TYPE_LENGTH },
  "Whose event has this type, exactly",
  "order.created",
);
export const DESTINATION = taking(text, "To this destination: id or slug", "orders");

/** Of the lists of the configuration. */
export const NAMED = taking(
  { type: "string", minLength: 1, maxLength: 200 },
  "Whose name or slug contains this text, case ignored",
  "shop",
);

export const BY_HEALTH = taking(
  oneOf(["newest", "health"]),
  "`health`: the worst first, then the busiest, of the 500 newest that match",
  "health",
);

const id = (of: string, example: string, slug: boolean): Json =>
  parameter("id", "path", taking(text, `The ${of}'s id${slug ? " or slug" : ""}`, example));

/** By the first part of the path. */
export const componentParameters = (): Record<string, Json> => ({
  sources_id: id("source", "shop", true),
  destinations_id: id("destination", "orders", true),
  connections_id: id("connection", "shop-orders", true),
  events_id: id("event", "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e", false),
  deliveries_id: id("delivery", "dlv_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e5f6g7h8j9k", false),
  replays_id: id("replay", "rpl_01kaxh8e3m7v9q2r4t6w8y0a1b", false),
  tokens_id: id("token", "tok_01kaxh8e3m7v9q2r4t6w8y0a1b", false),
  issues_id: id("issue", "iss_01kaxh8e3m7v9q2r4t6w8y0a1b_status_503", false),
  alerts_id: id("alert", "alr_01kaxh8e3m7v9q2r4t6w8y0a1b", false),
  limit: parameter(
    "limit",
    "query",
    taking({ type: "integer", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }, "At most this many", 50),
  ),
  cursor: parameter(
    "cursor",
    "query",
    taking(text, "The `next_cursor` of the previous page, with the same filters. A short page may have one too"),
  ),
  idempotency_key: parameter(
    "Idempotency-Key",
    "header",
    taking(
      { type: "string", minLength: 1, maxLength: 255 },
      "Any text of your choice. A repeated request with the same key gets the first answer again and has no further effect",
      "order-4711",
    ),
  ),
});

/** Of every list. */
export const PAGE_PARAMETERS = ["limit", "cursor"] as const;

export const pageParameters = (): Json[] =>
  PAGE_PARAMETERS.map((name) => ({ $ref: `#/components/parameters/${name}` }));

const header = (description: string, schema: Schema, required = true): Json => ({ description, required, schema });

/** Headers of answers. */
export const componentHeaders = (): Record<string, Json> => ({
  "x-request-id": header("Identifies the request in the log", text),
  "idempotency-replayed": header("`true` if this repeats the first answer", oneOf(["true"]), false),
  "sluice-event-id": header("The event's id", text),
  etag: header("The version of the configuration, for If-Match", text),
  allow: header("The methods that the source takes", text),
  "retry-after": header("Seconds to wait before the next try", number, false),
  "content-disposition": header("An attachment, named after the event", text),
  "x-content-type-options": header("Always nosniff", oneOf(["nosniff"])),
});

export const headersNamed = (...names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
