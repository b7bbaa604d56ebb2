// Tools that read the configuration and how it does.
import * as z from "zod";
import { safeUrl } from "../bounded.ts";
import { tool } from "../tool.ts";
import { given } from "./inputs.ts";

const MAX_RECORDS = 100;

const search = z.string().min(1).max(200).optional().describe("Only with this text in the name or slug");

export const configurationTools = [
  tool({
    name: "list_configuration",
    title: "List the configuration",
    description:
      "Sources and destinations with their health and what waits, and connections: their slugs and what joins them.",
    writes: false,
    input: z.strictObject({ search }),
    run: async ({ client }, input) => {
      const query = { ...given(input), limit: MAX_RECORDS };
      const [sources, destinations, connections] = await Promise.all([
        client.call("GET /sources", { query: { ...query, expand: "health" } }),
        client.call("GET /destinations", { query: { ...query, expand: "waiting" } }),
        client.call("GET /connections", { query }),
      ]);
      const more = [sources, destinations, connections].some(({ next_cursor }) => next_cursor !== null);
      return {
        sources: sources.data.map(({ slug, name, enabled, verification, health, last_day }) => ({
          slug,
          name,
          enabled,
          health,
          last_day,
          verification: verification.type,
        })),
        destinations: destinations.data.map((destination) => ({
          slug: destination.slug,
          name: destination.name,
          type: destination.type,
          ...("url" in destination && typeof destination.url === "string" ? { url: safeUrl(destination.url) } : {}),
          paused: destination.paused,
          health: destination.health,
          health_reasons: destination.health_reasons,
          dead_letters: destination.dead,
          waiting: destination.waiting,
        })),
        connections: connections.data.map((connection) => ({
          slug: connection.slug,
          source: connection.source_slug,
          destination: connection.destination_slug,
          enabled: connection.enabled,
          paused: connection.paused,
          filter: connection.filter,
          transforms: connection.transform !== null,
        })),
        more: more ? "There are more; use search." : undefined,
      };
    },
  }),
  tool({
    name: "get_destination_health",
    title: "Show a destination's health",
    description: "Circuit, pace in use, deliveries that wait by status, success rate, latency and last error.",
    writes: false,
    input: z.strictObject({ destination: z.string().max(64).describe("Slug or id") }),
    run: ({ client }, { destination }) => client.health(destination),
  }),
];
