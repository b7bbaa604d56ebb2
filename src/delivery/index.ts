// Takes events and due deliveries to their destinations.
export { buryMessages } from "./bury.ts";
export { checkDestinationUrl, type UrlRules } from "./safety/url-rules.ts";
export { checkUrl, type UrlPorts } from "./safety/check-url.ts";
export { urlPorts } from "./safety/url-ports.ts";
export { cancelOf, cancelWaiting } from "./cancel-waiting.ts";
export { consumeDue } from "./later-attempts.ts";
export { consumeEvents } from "./first-attempts.ts";
export { loadBody } from "./load-body.ts";
export { headerFaults } from "./destination-headers.ts";
export type { Probe } from "./failure.ts";
export { targetUrl } from "./request.ts";
export { httpSender, type Sender } from "./http-sender.ts";
export type { ConsumerPorts, Incoming, LaterMessage } from "./consumer-ports.ts";
export type { Lane } from "./ports.ts";
export { remake } from "./remake.ts";
export { replayMessage, type ReplayRecords } from "./replay-step.ts";
export { retime, retimeOf } from "./retime.ts";
