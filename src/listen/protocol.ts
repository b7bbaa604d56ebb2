// What travels through a listener's socket, as JSON texts: requests to the listener, answers from it. The body of a request from R2 follows it in
// binary messages, each with the request's number in its first four bytes, until all of its bytes are there. Types, and the reading of answers.
import type { Bytes } from "../kernel/bytes.ts";
import { fromBase64 } from "../kernel/bytes.ts";
import { isObject } from "../kernel/json-object.ts";
import { ERROR_CODES, type ErrorCode } from "../model/delivery.ts";
import type { HeaderList } from "../model/event.ts";

/** A listener must connect again, to show its token. Codes from 4000 on are an application's own. */
export const CLOSE_AGAIN = 4001;

/** One request for the listener's server. */
export interface ListenedRequest {
  readonly type: "request";
  /** A 32-bit number, which the answer repeats. */
  readonly id: number;
  readonly delivery_id: string;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: HeaderList;
  readonly body_bytes: number;
  /** Null when the body follows in pieces. */
  readonly body_base64: string | null;
  readonly timeout_ms: number;
}

/** The listener has the whole request. */
interface Received {
  readonly type: "received";
  readonly id: number;
}

/** The response of the listener's server, or why there is none. The body is cut. */
interface Response {
  readonly type: "response";
  readonly id: number;
  readonly status: number;
  readonly headers: HeaderList;
  readonly body_base64: string;
}
interface Failure {
  readonly type: "failure";
  readonly id: number;
  readonly error: ErrorCode;
  readonly detail: string;
}

export type FromListener = Received | Response | Failure;

/** What a consumer asks for. */
export interface Order {
  readonly deliveryId: string;
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderList;
  readonly body: Bytes | { readonly key: string } | null;
  readonly bodyBytes: number;
  readonly timeoutMs: number;
}

/** What became of it. `absent`: no listener is connected, for so long. `gone`: the listener disconnected before it answered. */
export type Reply =
  | { readonly kind: "absent"; readonly forMs: number }
  | { readonly kind: "gone" }
  | { readonly kind: "response"; readonly status: number; readonly headers: HeaderList; readonly body: Bytes }
  | { readonly kind: "failure"; readonly error: ErrorCode; readonly detail: string }
  | { readonly kind: "body_missing" };

const isText = (value: unknown): value is string => typeof value === "string";

const isHeaderList = (value: unknown): value is HeaderList =>
  Array.isArray(value) &&
  value.length <= 200 &&
  value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText));

/** @returns null for what no listener of this release sends */
export function readFromListener(text: string): { readonly id: number; readonly reply: Reply | "received" } | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(message) || typeof message["id"] !== "number") return null;
  const { type, id, status, headers, body_base64: body, error, detail } = message;
  if (type === "received") return { id, reply: "received" };
  if (type === "failure") {
    const code = ERROR_CODES.find((one) => one === error);
    if (code === undefined || !isText(detail)) return null;
    return { id, reply: { kind: "failure", error: code, detail: detail.slice(0, 500) } };
  }
  const bytes = isText(body) ? fromBase64(body) : null;
  if (type !== "response" || bytes === null || !isHeaderList(headers)) return null;
  if (typeof status !== "number" || !Number.isInteger(status) || status < 100 || status > 599) return null;
  return { id, reply: { kind: "response", status, headers, body: bytes } };
}
