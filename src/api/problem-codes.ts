// Every problem code, once. docs/errors.md has an entry for each; a test compares the two.

export const PROBLEMS = {
  // ingest
  unknown_source: [404, "Unknown source"],
  method_not_allowed: [405, "Method not allowed"],
  body_too_large: [413, "Body too large"],
  head_too_large: [431, "URL and headers too large"],
  verification_failed: [401, "Verification failed"],
  loop_detected: [508, "Loop detected"],
  rate_limited: [429, "Too many requests"],
  backpressure: [429, "Too much is waiting"],
  unavailable: [503, "Cannot be kept at the moment"],
  // management
  not_configured: [503, "A secret of the deployment is missing or malformed"],
  unauthorized: [401, "A valid token is required"],
  forbidden: [403, "The token's scope does not reach so far"],
  not_found: [404, "Not found"],
  malformed_json: [400, "The body is not valid JSON"],
  invalid: [422, "Some fields are invalid"],
  slug_taken: [409, "The slug is taken"],
  conflict: [409, "Somebody else changed it at the same time"],
  precondition_failed: [412, "The configuration has changed since"],
  config_too_large: [409, "More records than one document holds"],
  delivery_final: [409, "The delivery has ended"],
  delivery_in_flight: [409, "The delivery is being attempted"],
  replay_final: [409, "The replay has ended"],
  event_not_recorded: [409, "The event has not been recorded yet"],
  idempotency_mismatch: [422, "The idempotency key was used for another request"],
  idempotency_in_flight: [409, "The first request with this idempotency key is under way"],
  internal: [500, "Internal error"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;
