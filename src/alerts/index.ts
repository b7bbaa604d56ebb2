// Checks alert rules and sends notifications, without queues or destinations.
export { countsQueue, withQueue } from "./observe.ts";
export { notify, type NotifyPorts } from "./notify.ts";
export { watchAlerts, type WatchPorts } from "./watch.ts";
