// The request that a filter or transform is tested on: one described in the call, or a recorded event.
import type { Context } from "hono";
import { utf8 } from "../kernel/bytes.ts";
import { loadBody } from "../delivery/index.ts";
import { isEventId, type EventId } from "../model/ids.ts";
import { maskCredentials } from "../model/credentials.ts";
import { headerValue, type SluiceEvent } from "../model/event.ts";
import { parseExact, stringifyExact, type BodySource } from "../routing/index.ts";
import type { TextFields, Sample } from "./routing-input.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid } from "../model/problem.ts";
import { matchPorts } from "./matching.ts";
import { jsonBody } from "./query.ts";
import { readSlugs } from "../store/index.ts";
import { findRecord, readContent } from "./recorded.ts";

/** The event and its body. */
export interface Subject {
  readonly event: SluiceEvent;
  readonly body: BodySource;
  readonly sourceSlug: string | null;
}

/** Like `jsonBody`, but whole numbers beyond 2^53 arrive as bigint instead of being rounded. */
export const exactBody = (c: Context<ApiEnv>): Promise<unknown> => jsonBody(c, parseExact);

export async function readSubject(
  given: { readonly sample?: Sample | undefined; readonly event_id?: string | undefined },
  deps: ApiDeps,
): Promise<Subject> {
  if (given.sample !== undefined && given.event_id !== undefined)
    throw invalid("/event_id", "cannot be given together with a sample");
  if (given.sample !== undefined) return ofSample(given.sample, deps.now());
  if (given.event_id === undefined) throw invalid("/sample", "is required, or an event_id");
  const record = isEventId(given.event_id) ? await findRecord(deps, given.event_id) : null;
  if (record === null) throw invalid("/event_id", "is not a recorded event");
  const { query, headers, body: ref } = await readContent(deps, record);
  // A transform that is tested must not show the credentials that are masked, nor a filter find them out.
  const event = maskCredentials<SluiceEvent>({ ...record.event, query, headers, body: ref });
  const body = await loadBody(event, matchPorts(deps));
  const slugs = await readSlugs(deps.db, "sources", [event.source_id]);
  return { event, body, sourceSlug: slugs.get(event.source_id ?? "") ?? null };
}

const flat = (fields: TextFields): [string, string][] =>
  Object.entries(fields).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[name, value]] : value.map((item) => [name, item]),
  );

function ofSample(sample: Sample, now: number): Subject {
  const headers = Array.isArray(sample.headers) ? [...sample.headers] : flat(sample.headers);
  const isJson = sample.body !== undefined && typeof sample.body !== "string";
  if (isJson && headerValue(headers, "content-type") === null) headers.push(["content-type", "application/json"]);
  const bytes = utf8(typeof sample.body === "string" ? sample.body : (jsonText(sample.body) ?? ""));
  const query =
    typeof sample.query === "string"
      ? sample.query.replace(/^\?/, "")
      : String(new URLSearchParams(flat(sample.query)));
  const event: SluiceEvent = {
    id: SAMPLE_ID,
    source_id: null,
    received_at: now,
    method: sample.method,
    path: sample.path,
    query: query === "" ? "" : `?${query}`,
    headers,
    body: { kind: "inline", bytes },
    body_bytes: bytes.byteLength,
    verified: null,
  };
  return { event, body: bytes, sourceSlug: null };
}

/** In place of an event's id. */
const SAMPLE_ID = `evt_${"0".repeat(32)}` as EventId;

function jsonText(value: unknown): string | undefined {
  try {
    return stringifyExact(value);
  } catch {
    throw invalid("/sample/body", "is nested too deep");
  }
}
