// Tools that deliver again. Those that change something are offered with `--allow-writes` only.
import * as z from "zod";
import type { NewReplay } from "../../client.ts";
import { tool } from "../tool.ts";
import { deliveryRow } from "./deliveries.ts";
import { CAUSE, CONNECTION, DESTINATION, given, RANGE, SOURCE, TYPE } from "./inputs.ts";

const FILTER = {
  status: z
    .enum(["dead", "delivered", "cancelled", "ignored"])
    .describe("dead: what was given up; ignored: events that no connection took"),
  destination: DESTINATION,
  source: SOURCE,
  connection: CONNECTION,
  event: z.string().max(64).optional().describe("Only this event: evt_…"),
  type: TYPE,
  cause: CAUSE,
  ...RANGE,
};
const rate = z.number().positive().max(1_000).optional().describe("Deliveries per second (50)");

export const redriveTools = [
  tool({
    name: "plan_redrive",
    title: "Count what a redrive would deliver",
    description: "How many deliveries or events match, and how long delivering them again would take. Starts nothing.",
    writes: false,
    input: z.strictObject({ ...FILTER, rate_per_second: rate }),
    run: async ({ client }, input) => {
      const { sample, ...plan } = await client.planReplay(given(input) as NewReplay);
      return { ...plan, sample: sample.slice(0, 10) };
    },
  }),
  tool({
    name: "get_redrive",
    title: "Show a redrive",
    description: "The progress of a redrive: matched, queued, done, failed.",
    writes: false,
    input: z.strictObject({ id: z.string().max(64).describe("rpl_…") }),
    run: ({ client }, { id }) => client.replay(id),
  }),
  tool({
    name: "redrive",
    title: "Deliver again what matches",
    description:
      "Starts a redrive in the background and returns its id. Use plan_redrive first, and say what it found.",
    writes: true,
    input: z.strictObject({ ...FILTER, rate_per_second: rate }),
    run: ({ client }, input) => client.startReplay(given(input) as NewReplay),
  }),
  tool({
    name: "retry_delivery",
    title: "Attempt a delivery now",
    description: "Attempts one delivery now, even a dead one.",
    writes: true,
    input: z.strictObject({ id: z.string().max(80).describe("dlv_…") }),
    run: async ({ client }, { id }) => deliveryRow(await client.retry(id)),
  }),
  tool({
    name: "replay_event",
    title: "Deliver an event again",
    description: "Delivers an event again to the connections that take it now, or over one of them.",
    writes: true,
    input: z.strictObject({
      id: z.string().max(64).describe("evt_…"),
      connection: z.string().max(64).optional().describe("Over this connection only: slug or id"),
    }),
    run: async ({ client }, { id, connection }) => {
      const { data } = await client.replayEvent(id, connection);
      return { deliveries: data.map(deliveryRow) };
    },
  }),
];
