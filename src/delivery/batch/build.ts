// Builds one request from many events: a JSON array, or one line per event. Bodies keep their bytes: a string if UTF-8, else base64.
import { MAX_OPEN_BODIES } from "../../config/limits.ts";
import { toBase32 } from "../../kernel/base32.ts";
import { decodeUtf8, toBase64, utf8, type Bytes } from "../../kernel/bytes.ts";
import { toInstant } from "../../kernel/clock.ts";
import { runPool } from "../../kernel/pool.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { SluiceEvent, HeaderList } from "../../model/event.ts";
import { headerValue } from "../../model/event.ts";
import { HOPS_HEADER, readHops } from "../../model/hops.ts";
import type { DeliveryId, EventId } from "../../model/ids.ts";
import type { BatchPolicy } from "../../model/policies.ts";
import { loadBody } from "../attempt/load-body.ts";
import { endToEnd } from "../attempt/request.ts";
import { transformSending, type TransformPorts } from "../attempt/transform.ts";
import type { Job, Sending, Unprepared, RequestGroup } from "../types.ts";

export interface Built {
  /** The batch as one event; null when nothing can be sent. */
  readonly sending: Sending | null;
  /** The deliveries in it, in order. */
  readonly jobs: RequestGroup;
  /** Deliveries that cannot be sent now, or ever. */
  readonly aside: readonly { readonly job: Job; readonly fault: Unprepared }[];
  /** Deliveries that did not fit. */
  readonly left: RequestGroup;
}

export async function buildBatch(group: RequestGroup, policy: BatchPolicy, ports: TransformPorts): Promise<Built> {
  const items = new Map<Job, Result<Bytes, Unprepared>>();
  await runPool(group, MAX_OPEN_BODIES, async (job) => {
    items.set(job, await buildItem(job, ports));
  });
  const jobs: Job[] = [];
  const parts: Bytes[] = [];
  const aside: { job: Job; fault: Unprepared }[] = [];
  const left: Job[] = [];
  // The brackets, or the end of the last line.
  let bytes = 2;
  for (const job of group) {
    const item = items.get(job);
    if (item === undefined) continue;
    if (!item.ok) aside.push({ job, fault: item.error });
    else if (jobs.length > 0 && bytes + item.value.byteLength + 1 > policy.max_bytes) left.push(job);
    else {
      jobs.push(job);
      parts.push(item.value);
      bytes += item.value.byteLength + 1;
    }
  }
  const [first] = jobs;
  if (first === undefined) return { sending: null, jobs, aside, left };
  return { sending: await batchSending(first, jobs, join(parts, policy.format), policy.format), jobs, aside, left };
}

async function buildItem(job: Job, ports: TransformPorts): Promise<Result<Bytes, Unprepared>> {
  const transformed = await transformSending(job, ports);
  if (!transformed.ok) return transformed;
  const { event, sourceSlug, destination } = transformed.value;
  let body: Awaited<ReturnType<typeof loadBody>>;
  try {
    body = await loadBody(event, ports);
  } catch {
    return err({ kind: "put_off", by: "body_unavailable", detail: "R2 cannot be read" });
  }
  if (body === "missing") return err({ kind: "dead", error: "unprocessable: body_missing" });
  if (body === "too_large") return err({ kind: "dead", error: "unprocessable: body_too_large_for_batch" });
  const text = decodeUtf8(body);
  return ok(
    utf8(
      JSON.stringify({
        id: event.id,
        received_at: toInstant(event.received_at),
        source: sourceSlug,
        headers: fields(endToEnd(event.headers), destination.auth.type !== "none"),
        ...(text === null ? { body_base64: toBase64(body) } : { body: text }),
      }),
    ),
  );
}

/** By lower-case name, repeated fields as a list. @param guarded the destination has its own credentials, so the sender's are left out */
function fields(headers: HeaderList, guarded: boolean): Record<string, string | string[]> {
  const out = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    if (guarded && key === "authorization") continue;
    const former = out[key];
    if (former === undefined) out[key] = value;
    else out[key] = [...(typeof former === "string" ? [former] : former), value];
  }
  return out;
}

function join(parts: readonly Bytes[], format: BatchPolicy["format"]): Bytes {
  const [open, between, close] = format === "ndjson" ? ["", "\n", "\n"] : ["[", ",", "]"];
  const size = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const out = new Uint8Array(size + open.length + (parts.length - 1) + close.length);
  let offset = 0;
  const put = (bytes: Bytes): void => {
    out.set(bytes, offset);
    offset += bytes.byteLength;
  };
  put(utf8(open));
  parts.forEach((part, index) => {
    if (index > 0) put(utf8(between));
    put(part);
  });
  put(utf8(close));
  return out;
}

/** The same deliveries give the same id, so that a receiver recognises a repeated batch. */
async function batchId(jobs: RequestGroup): Promise<string> {
  const ids = jobs.map(({ delivery }) => delivery.id).sort();
  return `bat_${toBase32(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(ids.join("\n"))))).slice(0, 32)}`;
}

async function batchSending(
  { event, delivery, destination }: Job,
  jobs: RequestGroup,
  bytes: Bytes,
  format: BatchPolicy["format"],
): Promise<Sending> {
  const id = await batchId(jobs);
  const sources = new Set(jobs.map(({ sourceSlug }) => sourceSlug));
  const types = new Set(jobs.map(({ event: { event_type = null } }) => event_type));
  const host = headerValue(event.headers, "host");
  const whole: SluiceEvent = {
    id: id as EventId,
    source_id: null,
    received_at: event.received_at,
    method: "POST",
    path: "",
    query: "",
    headers: [
      ["content-type", format === "ndjson" ? "application/x-ndjson" : "application/json"],
      [HOPS_HEADER, String(Math.max(...jobs.map((job) => readHops(job.event.headers))))],
      // Not sent: the URL check learns our own host from it.
      ...(host === null ? [] : ([["host", host]] as const)),
    ],
    body: { kind: "inline", bytes },
    body_bytes: bytes.byteLength,
    verified: null,
    event_type: types.size === 1 ? ([...types][0] ?? null) : null,
  };
  return {
    event: whole,
    delivery: {
      ...delivery,
      id: id as DeliveryId,
      created_at: Math.max(...jobs.map((job) => job.delivery.created_at)),
      attempts_made: Math.max(...jobs.map((job) => job.delivery.attempts_made)),
    },
    destination,
    sourceSlug: sources.size === 1 ? ([...sources][0] ?? null) : null,
    batchSize: jobs.length,
  };
}
