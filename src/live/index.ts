// The live feed of the dashboard.
export { createNotifier, FEED, type Notifier } from "./notifier.ts";
