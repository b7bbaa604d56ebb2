// Tells an event from one that was there before.
export { dedupeKeyOf } from "./key.ts";
export { candidateOf, claimAt, firstEvents, type Candidate } from "./client.ts";
