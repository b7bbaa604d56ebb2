// Detects duplicates of events.
export { dedupeKeyOf } from "./key.ts";
export { candidateOf, claimAt, firstEvents, type Candidate } from "./client.ts";
