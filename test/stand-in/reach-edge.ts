// Loaded into the scripts (`node --import`) by tests: what they send to a deployed Worker goes to the stand-in, which plays it, and they wait no longer
// than a moment.
import timers from "node:timers/promises";
import { syncBuiltinESMExports } from "node:module";

const edge = (process.env["CLOUDFLARE_API_BASE_URL"] ?? "").replace("/client/v4", "/_edge?url=");
const reach = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = input instanceof Request ? input.url : String(input);
  return /^https:\/\/[^/]+\.(?:workers\.dev|example\.com)\//.test(url)
    ? reach(edge + encodeURIComponent(url), init)
    : reach(input, init);
};

const wait = timers.setTimeout;
timers.setTimeout = (ms, value, options) => wait(Math.min(ms ?? 0, 20), value, options);
syncBuiltinESMExports();
