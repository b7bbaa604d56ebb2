// What proves origin: event ids today.
export { eventIds, type EventIds } from "./event-ids.ts";
