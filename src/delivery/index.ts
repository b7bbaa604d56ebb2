// Takes events and due deliveries to their destinations.
export { buryMessages } from "./bury.ts";
export { checkDestinationUrl } from "./destination-url.ts";
export { consumeDue } from "./later-attempts.ts";
export { consumeEvents } from "./first-attempts.ts";
export { loadBody } from "./load-body.ts";
export { httpSender } from "./http-sender.ts";
export type { ConsumerPorts, Incoming, LaterMessage } from "./consumer-ports.ts";
export type { Lane } from "./ports.ts";
export { retime, retimeOf } from "./retime.ts";
