// The configuration in the pictures: two sources, five destinations that behave differently, connections and alerts.
import type { Client } from "../../cli/client.ts";

/** The secret of the source `github`. */
export const SECRET = "pictures-of-webhooks";

/** A closed port. */
const CLOSED = "http://127.0.0.1:9/hooks";

const DESTINATIONS = [
  { slug: "ci", name: "CI runner", path: "steady" },
  { slug: "search", name: "Search index", path: "slow", max_concurrency: 20 },
  { slug: "crm", name: "CRM", path: "limited", rate_limit: { limit: 30, period_seconds: 1 } },
  {
    slug: "billing",
    name: "Billing",
    path: "flaky",
    retry: { schedule_seconds: [300, 1_800] },
    signing: { type: "standard_webhooks" },
  },
  {
    slug: "legacy-erp",
    name: "Legacy ERP",
    path: null,
    retry: { schedule_seconds: [1] },
    circuit: { failure_threshold: 8, open_seconds: 600 },
  },
] as const;

const CONNECTIONS = [
  { source: "github", destination: "ci" },
  { source: "github", destination: "search" },
  {
    source: "github",
    destination: "billing",
    filter: { headers: { "x-github-event": { $in: ["issues", "pull_request", "star", "marketplace_purchase"] } } },
    transform: {
      headers: { set: { "x-kind": "{{headers.x-github-event}}" } },
      body: `{ "action": action, "repository": repository.full_name, "by": sender.login }`,
    },
  },
  { source: "github", destination: "legacy-erp" },
  { source: "shop", destination: "crm" },
  { source: "shop", destination: "search" },
] as const;

/** @param target origin of the receiver */
export async function configure(client: Pick<Client, "call">, target: string): Promise<void> {
  await client.call("POST /sources", {
    body: { slug: "github", name: "GitHub", verification: { type: "github", secrets: [SECRET] } },
  });
  await client.call("POST /sources", { body: { slug: "shop", name: "Shop" } });
  for (const { path, ...destination } of DESTINATIONS)
    await client.call("POST /destinations", {
      body: { ...destination, url: path === null ? CLOSED : `${target}/${path}` },
    });
  for (const connection of CONNECTIONS)
    await client.call("POST /connections", {
      body: {
        ...connection,
        slug: `${connection.source}-${connection.destination}`,
        name: `${connection.source} to ${connection.destination}`,
      },
    });
  await client.call("POST /alerts", {
    body: {
      name: "Dead letters",
      rule: { type: "dead_letters", threshold: 10, window_seconds: 3_600 },
      target: { type: "webhook", url: `${target}/steady` },
    },
  });
  await client.call("POST /alerts", {
    body: {
      name: "CRM lags",
      rule: { type: "oldest_message", older_than_seconds: 600 },
      destination: "crm",
      target: { type: "webhook", url: `${target}/steady` },
    },
  });
}
