// Outgoing HTTP for all rooms: the sender, its failures, the rules for addresses.
export { checkUrl, type UrlPorts } from "./check-url.ts";
export { brokerAddresses, checkAddress, readBrokerUrl, type BrokerAddress } from "./broker-address.ts";
export { diagnose } from "./failure.ts";
export type {
  Sender,
  OutboundRequest,
  OutboundMessage,
  Answer,
  Outcome,
  Channel,
  OpenChannel,
  Probe,
} from "./types.ts";
export { urlPorts } from "./url-ports.ts";
export { isHopByHop } from "./hop-by-hop.ts";
export { excerptOf, httpSender, keptHeaders, statusCode } from "./sender.ts";
