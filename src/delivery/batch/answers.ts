// Splits the answer to a batch into one for each delivery: the same for all, or its own where a 207 lists results. Pure.
import { MAX_BATCH_ANSWER_BYTES, MAX_BATCH_EXCERPT_BYTES, MIN_BATCH_EXCERPT_BYTES } from "../../config/limits.ts";
import { readJson } from "../../kernel/json-body.ts";
import type { Job, RequestGroup } from "../types.ts";
import type { Answer } from "../../outbound/index.ts";

type Results = readonly unknown[];

/**
 * One answer for each delivery, in order. In a 207 with `{"results": [{"id", "status"}]}` a delivery is found by its event's id or its
 * own; a delivery that is not listed, or whose list is cut off, gets `no_result`.
 */
export function splitAnswers(answer: Answer, group: RequestGroup): Answer[] {
  const kept = fitting(answer, group.length);
  if (answer.status !== 207 || answer.error !== null) return group.map(() => kept);
  const results = parseResults(answer);
  if (results === "none") return group.map(() => kept);
  const silent: Answer = { ...kept, error: "no_result" };
  if (results === "cut_off") return group.map(() => silent);
  const byId = new Map<string, { status: number; text: string }[]>();
  for (const result of results) {
    const read = readResult(result);
    if (read !== null) byId.set(read.id, [...(byId.get(read.id) ?? []), read]);
  }
  return group.map(({ delivery, event }: Job) => {
    const found = byId.get(delivery.id) ?? byId.get(event.id);
    // An event that arrived over two connections is listed twice, or once for both.
    const own = found !== undefined && found.length > 1 ? found.shift() : found?.[0];
    if (own === undefined) return silent;
    const { status, text } = own;
    const error = status >= 200 && status < 300 ? null : "http_status";
    return { ...kept, status, error, excerpt: text.slice(0, MIN_BATCH_EXCERPT_BYTES) };
  });
}

function parseResults({ body }: Answer): Results | "none" | "cut_off" {
  const value = body == null ? undefined : readJson(body);
  if (value === undefined) return (body?.byteLength ?? 0) >= MAX_BATCH_ANSWER_BYTES ? "cut_off" : "none";
  const results = typeof value === "object" && value !== null && "results" in value ? value.results : null;
  return Array.isArray(results) ? (results as Results) : "none";
}

function readResult(result: unknown): { id: string; status: number; text: string } | null {
  if (typeof result !== "object" || result === null || !("id" in result) || !("status" in result)) return null;
  const { id, status } = result;
  const code = Number(status);
  if (typeof id !== "string" || !Number.isInteger(code) || code < 100 || code > 599) return null;
  return { id, status: code, text: JSON.stringify(result) };
}

/** Cuts the answer: each delivery stores it with its attempt, and a thousand of them must fit into one write. */
function fitting(answer: Answer, count: number): Answer {
  const room = Math.max(MIN_BATCH_EXCERPT_BYTES, Math.floor(MAX_BATCH_EXCERPT_BYTES / count));
  const { body: _whole, ...rest } = answer;
  const headers = answer.headers === null ? null : Object.entries(answer.headers);
  let left = room;
  return {
    ...rest,
    excerpt: answer.excerpt?.slice(0, room) ?? null,
    // Headers that influence the next attempt come first, so they are kept.
    headers:
      headers === null
        ? null
        : Object.fromEntries(headers.filter(([name, value]) => (left -= name.length + value.length) >= 0)),
  };
}
