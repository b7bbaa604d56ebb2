// One call of a queue's HTTP API: its status and JSON, or why there is no answer.
import { MAX_BATCH_ANSWER_BYTES, MAX_RESPONSE_EXCERPT_BYTES } from "../config/limits.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isTooManySubrequests } from "../kernel/subrequests.ts";
import { isObject, type JsonObject } from "../kernel/json-object.ts";
import { diagnose } from "../outbound/index.ts";
import { fault, messageOf } from "./faults.ts";
import type { BrokerPorts, Fault } from "./types.ts";

export interface ApiAnswer {
  readonly status: number;
  /** Empty where the answer is no JSON object. */
  readonly json: JsonObject;
  /** Its beginning. */
  readonly text: string;
}

export async function callApi(
  url: string,
  init: RequestInit,
  signal: AbortSignal,
  { fetch, probe }: BrokerPorts,
): Promise<Result<ApiAnswer, Fault>> {
  try {
    const response = await fetch(url, { ...init, redirect: "manual", signal });
    const text = await readText(response);
    return ok({ status: response.status, json: parsed(text), text: text.slice(0, MAX_RESPONSE_EXCERPT_BYTES) });
  } catch (error) {
    if (signal.aborted) return err(fault("timeout", "The queue did not answer in time."));
    if (isTooManySubrequests(error)) return err({ ...fault("network", messageOf(error)), isOverBudget: true });
    return err(fault(await diagnose(error, new URL(url), false, probe), messageOf(error)));
  }
}

/** The answer's text, cut off where no queue's answer is as long: one without an end would fill the isolate's memory. */
async function readText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  if (body === null) return text;
  for await (const chunk of body as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (bytes >= MAX_BATCH_ANSWER_BYTES) break;
  }
  return text + decoder.decode();
}

/** A field of an answer as text; empty where it has none. */
export const textOf = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

function parsed(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** What a status means where the answer says nothing better. */
export function statusFault({ status, text }: ApiAnswer, why = text): Fault {
  const detail = `HTTP ${status}: ${why}`;
  if (status === 401 || status === 403) return fault("auth_failed", detail);
  if (status === 404) return fault("not_found", detail);
  if (status === 413) return fault("too_large", detail);
  return fault(status === 429 || status === 503 ? "throttled" : "broker_error", detail);
}
