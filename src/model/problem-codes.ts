// Every problem code: status, title, and what it means and what to do. docs/errors.md says the same; a test compares them.

export const PROBLEMS = {
  // ingest
  unknown_source: [
    404,
    "Unknown source",
    "There is no enabled source at this address. Check the slug in `/in/{slug}`.",
  ],
  method_not_allowed: [
    405,
    "Method not allowed",
    "The source does not accept this method; the header `allow` lists those that it accepts. Change `allowed_methods` of the source.",
  ],
  body_too_large: [
    413,
    "Body too large",
    "The body is larger than the source's `max_body_bytes`, or larger than the API accepts (1 MiB, for `/config` 8 MiB), or larger than 96 KiB where the deployment has no R2. Nothing past that limit is kept. Or the source's verification needs the whole body at once, and it is larger than 1 MiB.",
  ],
  head_too_large: [431, "URL and headers too large", "URL and headers together are larger than 16 KiB."],
  verification_failed: [
    401,
    "Verification failed",
    "The request did not pass the source's verification. The answer is the same for every cause; the log and `GET /api/v1/rejections` name the cause.",
  ],
  awaiting_secret: [
    401,
    "The source waits for its secret",
    "The source has no secret yet, so it cannot verify anybody. Enter the secret that the sender signs with as `verification.secrets` of the source, then send the request again.",
  ],
  loop_detected: [
    508,
    "Loop detected",
    "The request has passed through more than five deployments of Sluice, or came back to one; the header `sluice-hops` counts them. Look for a destination that leads back to a source.",
  ],
  rate_limited: [
    429,
    "Too many requests",
    "The source has received as many requests as its `rate_limit` allows. Send it again after `retry-after` seconds.",
  ],
  backpressure: [
    429,
    "Too many events are waiting",
    "The queue is filling up, mostly from this source, or refuses events. Send it again after `retry-after` seconds.",
  ],
  unavailable: [
    503,
    "Temporarily unavailable",
    "The event cannot be stored at the moment. Send it again after `retry-after` seconds.",
  ],
  // management
  not_configured: [
    503,
    "A secret of the deployment is missing or malformed",
    "The deployment has no `SLUICE_ADMIN_TOKEN` of at least 24 characters that is not the example's, or the change contains a secret and there is no `SLUICE_MASTER_KEY` (base64 of 32 bytes) to encrypt it, or (`/readyz`) the database lacks migrations; `detail` says which. Set a secret with `wrangler secret put`; `npm run deploy` applies migrations.",
  ],
  unauthorized: [401, "A valid token is required", "Send `Authorization: Bearer <token>` with a valid token."],
  too_many_attempts: [
    429,
    "Too many invalid tokens",
    "Too many requests with an invalid token came from this address, or from its /64 network. Try again in a minute with a valid one.",
  ],
  forbidden: [
    403,
    "The token's scope is too narrow",
    "The token is valid, but its scope (`read`, `write` or `admin`) does not cover this operation; `detail` names the scope that it needs.",
  ],
  not_found: [404, "Not found", "No record has this id or slug, or the record has expired."],
  malformed_json: [400, "The body is not valid JSON", "The body is not valid JSON."],
  invalid: [422, "Some fields are invalid", "One or more fields are wrong; `errors` names each. Nothing was changed."],
  slug_taken: [409, "The slug is taken", "Another source, destination or connection of the same kind has this slug."],
  conflict: [
    409,
    "Changed by another request at the same time",
    "Other requests keep changing the same record. Nothing was changed; try again.",
  ],
  precondition_failed: [
    412,
    "The configuration has changed since",
    "`If-Match` does not match the current configuration: it was changed after the plan was made. Make a new plan.",
  ],
  config_too_large: [
    409,
    "Too many records for one document",
    "There are more than 1,000 sources, destinations or connections, too many for one document of `/config`. The endpoints of single records have no such limit.",
  ],
  cannot_listen: [
    409,
    "No listener can connect",
    "The destination is not of type `listener`, or as many listeners are connected to it as it may have; `detail` says which.",
  ],
  upgrade_required: [
    426,
    "A WebSocket is required",
    "The operation answers an upgrade to a WebSocket only: send `upgrade: websocket` as a WebSocket client does.",
  ],
  delivery_final: [409, "The delivery has ended", "The delivery has ended. Replay its event to send it again."],
  delivery_in_flight: [
    409,
    "The delivery is being attempted",
    "A consumer is attempting the delivery. Try again when the attempt has ended.",
  ],
  replay_final: [409, "The replay has ended", "The replay is done or cancelled, so it cannot be cancelled."],
  nothing_matches: [
    409,
    "No connection takes the event now",
    "A replay delivers an event over the connections that take it now, and none does: `detail` says why for each. Create or enable a connection, or change its filter, then replay the event.",
  ],
  sample_refused: [
    409,
    "The source refused the sample",
    "The sample went through the source like a request of its sender, and the source refused it; `detail` has its answer. Check its `enabled`, its methods, limits and verification.",
  ],
  event_not_recorded: [
    409,
    "The event has not been recorded yet",
    "The event is still waiting for its first attempt. Try again shortly.",
  ],
  record_unreadable: [
    500,
    "The record of this event cannot be read",
    "The event is on record, but its entry or its payload is damaged, missing or of a newer release. `detail` names it, and so does the log. Other events are not affected.",
  ],
  payload_unavailable: [
    503,
    "The payload cannot be read at the moment",
    "R2, which holds the head, the body and the answers of this event, does not answer. Try again.",
  ],
  idempotency_mismatch: [
    422,
    "The idempotency key was used for another request",
    "The same token used this `Idempotency-Key` for the same method, path and query with another body.",
  ],
  idempotency_in_flight: [
    409,
    "The first request with this idempotency key is in progress",
    "The first request with this `Idempotency-Key` has not ended yet. If it never ends, the key is released after 60 seconds.",
  ],
  internal: [500, "Internal error", "The Worker failed. The log has the details under the request id."],
} as const satisfies Record<string, readonly [status: number, title: string, meaning: string]>;

export type ProblemCode = keyof typeof PROBLEMS;
