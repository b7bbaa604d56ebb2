import type { ErrorCode } from "../model/delivery.ts";
import type { HeaderList, SluiceEvent } from "../model/event.ts";
import type { Bytes } from "../kernel/bytes.ts";

// What travels between those who send over HTTP: one request out, and what came of it.

/** The end of one HTTP request. Status and headers are null when no answer came. */
export interface Outcome {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly error: ErrorCode | null;
}

export interface OutboundRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: SluiceEvent["body"] | null;
  readonly bodyBytes: number;
  readonly timeoutMs: number;
  /** What it proves itself with: to be taken out of whatever is written down. */
  readonly credentials?: readonly string[];
  /** Sends it under a client certificate. */
  readonly fetcher?: typeof fetch;
  /** How much of the answer's body is wanted as bytes, besides the excerpt. */
  readonly answerBytes?: number;
}

export interface Answer extends Outcome {
  /** From the start to the end of the excerpt. */
  readonly durationMs: number;
  /** The first bytes as text; null without an answer. */
  readonly excerpt: string | null;
  /** More about an error, in words; no secrets. */
  readonly detail?: string | null;
  /** The first bytes, where the request wants them. */
  readonly body?: Bytes | null;
}

export type Sender = (request: OutboundRequest) => Promise<Answer>;

/** Opens a connection and closes it again; false when it cannot be opened. Never throws. */
export type Probe = (hostname: string, port: number) => Promise<boolean>;
