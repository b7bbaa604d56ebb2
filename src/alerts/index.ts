// Watches over rules and tells people, by a way of its own.
export { countsQueue, withQueue } from "./observe.ts";
export { notify, type NotifyPorts } from "./notify.ts";
export { watchAlerts, type WatchPorts } from "./watch.ts";
