// Tools that read deliveries.
import * as z from "zod";
import { DELIVERY_STATUSES } from "../../../src/model/lifecycle.ts";
import type { Delivery } from "../../client.ts";
import { tool } from "../tool.ts";
import { CAUSE, CONNECTION, DESTINATION, given, PAGE, RANGE, SOURCE, TYPE } from "./inputs.ts";

/** @returns what a list shows of a delivery */
export const deliveryRow = (delivery: Delivery): object => ({
  id: delivery.id,
  event_id: delivery.event_id,
  type: delivery.event_type,
  source: delivery.source_slug ?? delivery.source,
  destination: delivery.destination_slug ?? delivery.destination,
  status: delivery.status,
  attempts_made: delivery.attempts_made,
  last_response_status: delivery.last_response_status,
  last_error: delivery.last_error,
  deferred_by: delivery.deferred_by ?? undefined,
  next_attempt_at: delivery.next_attempt_at ?? undefined,
  created_at: delivery.created_at,
});

export const deliveryTools = [
  tool({
    name: "find_deliveries",
    title: "Find deliveries",
    description:
      "Deliveries (one event on its way to one destination), newest first. Status dead: given up; retrying: failed, tried again later; deferred: waits without having failed; held: its destination or connection is paused.",
    writes: false,
    input: z.strictObject({
      status: z.enum(DELIVERY_STATUSES).optional(),
      destination: DESTINATION,
      source: SOURCE,
      connection: CONNECTION,
      event: z.string().max(64).optional().describe("Only of this event: evt_…"),
      type: TYPE,
      response_status: z.int().min(100).max(599).optional().describe("HTTP status of the latest answer"),
      error: z.string().max(200).optional().describe("Exactly this last_error"),
      cause: CAUSE,
      ...RANGE,
      ...PAGE,
    }),
    run: async ({ client }, input) => {
      const { data, next_cursor } = await client.deliveries(given(input));
      return { deliveries: data.map(deliveryRow), next_cursor };
    },
  }),
];
