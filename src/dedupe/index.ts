// Detects duplicates of events.
export { readDedupeKey } from "./key.ts";
export { toCandidate, claimAt, firstEvents, type Candidate } from "./client.ts";
