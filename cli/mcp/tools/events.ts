// Tools that read events.
import * as z from "zod";
import { EVENT_STATUSES } from "../../../src/model/lifecycle.ts";
import type { Event, EventWithDeliveries } from "../../client.ts";
import { cutText, safeHeaders } from "../bounded.ts";
import { tool } from "../tool.ts";
import { deliveryRow } from "./deliveries.ts";
import { given, PAGE, RANGE, SOURCE, TYPE } from "./inputs.ts";

const MAX_BODY = 8_000;

/** @returns what a list shows of an event */
export const eventRow = (event: Event | EventWithDeliveries): object => ({
  id: event.id,
  received_at: event.received_at,
  source: event.source_slug ?? event.source,
  type: event.event_type,
  status: event.status,
  method: event.method,
  path: event.path,
  body_bytes: event.body_bytes,
  duplicate_of: event.duplicate_of ?? undefined,
});

/** The body as text, cut; null if it is not text. */
export function bodyText(bytes: Uint8Array): string | null {
  try {
    return cutText(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes), MAX_BODY);
  } catch {
    return null;
  }
}

export const eventTools = [
  tool({
    name: "find_events",
    title: "Find events",
    description: "Webhooks that Sluice received, newest first: id, source, type, status (delivered, dead, ignored, …).",
    writes: false,
    input: z.strictObject({
      source: SOURCE,
      type: TYPE,
      status: z.enum(EVENT_STATUSES).optional(),
      search: z
        .string()
        .min(2)
        .max(200)
        .optional()
        .describe("Contained in the path, the query, a header or a text body, case ignored"),
      ...RANGE,
      ...PAGE,
    }),
    run: async ({ client }, input) => {
      const { data, next_cursor } = await client.events(given(input));
      return { events: data.map(eventRow), next_cursor };
    },
  }),
  tool({
    name: "get_event",
    title: "Show an event",
    description:
      "One event: headers (credentials hidden), the beginning of its body, its deliveries, and for an ignored one the clause of the filter that kept it out.",
    writes: false,
    input: z.strictObject({ id: z.string().max(64).describe("evt_…"), body: z.boolean().default(true) }),
    run: async ({ client }, { id, body }) => {
      const event = await client.event(id);
      const bytes = body && (event.body_bytes ?? 0) > 0 ? await client.eventBody(id) : null;
      return {
        ...eventRow(event),
        query: event.query,
        headers: safeHeaders(event.headers),
        verified: event.verified,
        ...(bytes === null ? {} : { body: bodyText(bytes) ?? "(binary)" }),
        deliveries: event.deliveries.map(deliveryRow),
        ignored_by: event.ignored_by,
      };
    },
  }),
];
