// Watches over rules and tells people, by a way of its own.
export { countsQueue, withQueue } from "./observe.ts";
export { tell, type TellPorts } from "./tell.ts";
export { watchAlerts, type WatchPorts } from "./watch.ts";
