// Outgoing HTTP for all rooms: the sender, its failures, the rules for addresses.
export { checkUrl, type UrlPorts } from "./check-url.ts";
export type { Sender, OutboundRequest, Answer, Outcome } from "./types.ts";
export { urlPorts } from "./url-ports.ts";
export { isHopByHop } from "./hop-by-hop.ts";
export { httpSender } from "./sender.ts";
