// Clients of brokers and queues: each publishes messages and says what became of each.
export { channelOpener } from "./open-channel.ts";
