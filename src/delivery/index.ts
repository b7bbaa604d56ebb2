// Takes events and due deliveries to their destinations.
export { buryMessages } from "./consume/dead-letters.ts";
export { checkDestinationUrl, type UrlRules } from "../outbound/url-rules.ts";
export { checkUrl, type UrlPorts } from "../outbound/check-url.ts";
export { urlPorts } from "../outbound/url-ports.ts";
export { cancelOf, cancelWaiting } from "./jobs/cancel.ts";
export { consumeDue } from "./consume/due.ts";
export { consumeEvents } from "./consume/events.ts";
export { loadBody } from "./attempt/load-body.ts";
export { headerFaults } from "./attempt/headers.ts";
export type { Probe } from "../outbound/failure.ts";
export { targetUrl } from "./attempt/request.ts";
export { httpSender, type Sender } from "../outbound/sender.ts";
export type { ConsumerPorts, Incoming, LaterMessage } from "./consumer-ports.ts";
export type { Lane } from "./ports.ts";
export { remake } from "./jobs/rebuild.ts";
export { replayMessage, type ReplayRecords } from "./jobs/replay.ts";
export { retime, retimeOf } from "./jobs/reschedule.ts";
