// The types that verification and ingest share for the check of a request's sender.
import type { HeaderList } from "./event.ts";

/** A request without its body. */
export interface InboundHead {
  readonly method: string;
  /** The full URL, as the sender saw it. */
  readonly url: string;
  readonly headers: HeaderList;
  /** The sender's address. Null when it is unknown, as in local development. */
  readonly ip: string | null;
}

/** Why a request failed. For the log and the rejection samples; the sender never sees it. */
export type FailureCause =
  | "ip_not_allowed"
  | "no_usable_secret"
  | "missing_signature"
  | "malformed_signature"
  | "missing_timestamp"
  | "malformed_timestamp"
  | "timestamp_too_old"
  | "timestamp_in_future"
  | "missing_signed_header"
  | "malformed_body"
  | "unsigned_body"
  | "body_too_large_to_verify"
  | "signature_mismatch"
  | "secret_mismatch"
  | "topic_not_allowed"
  | "untrusted_key_url"
  | "unusable_keys"
  /** Says nothing about the request: the sender's keys cannot be fetched now, so it should send again. */
  | "keys_unavailable"
  | "token_rejected"
  | "check_failed";

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly cause: FailureCause };

/** Receives the body in chunks, in order. Neither method throws. */
export interface Check {
  update(chunk: Uint8Array): void;
  finish(): Promise<Verdict>;
}
