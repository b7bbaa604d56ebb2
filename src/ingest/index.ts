// Takes webhooks in.
export { accept, parseIngestPath, type IngestPorts } from "./accept.ts";
export { acceptedResponse, refusedResponse } from "./respond.ts";
