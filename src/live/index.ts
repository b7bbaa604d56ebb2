// The live feed of the dashboard.
export { FEED, LiveFeed } from "./live-feed.ts";
export { createNotifier, type Notifier } from "./notifier.ts";
