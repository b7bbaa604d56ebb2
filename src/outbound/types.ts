// One outgoing request, and its result.
import type { ErrorCode } from "../model/delivery.ts";
import type { HeaderList, SluiceEvent } from "../model/event.ts";
import type { Bytes } from "../kernel/bytes.ts";

/** The result of one HTTP request. Status and headers are null when no response arrived. */
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
  /** The credentials in it, to be removed from everything that is stored. */
  readonly credentials?: readonly string[];
  /** Sends it with a client certificate. */
  readonly fetcher?: typeof fetch;
  /** How many bytes of the response body to return, besides the excerpt. */
  readonly answerBytes?: number;
  /** It has many events, and the body of a 207 says how each one ended. */
  readonly isBatch?: boolean;
}

export interface Answer extends Outcome {
  /** From the start to the end of the excerpt. */
  readonly durationMs: number;
  /** The first bytes as text. Null without a response. */
  readonly excerpt: string | null;
  /** A message about the error, or about the odd body of a success, without secrets. */
  readonly detail?: string | null;
  /** Nothing was sent: R2 could not be read. */
  readonly isBodyUnavailable?: boolean;
  /** The first bytes, when the request asks for them. */
  readonly body?: Bytes | null;
}

export type Sender = (request: OutboundRequest) => Promise<Answer>;

/** Opens a connection and closes it again. False when it cannot be opened. Never throws. */
export type Probe = (hostname: string, port: number) => Promise<boolean>;
