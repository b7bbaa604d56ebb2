// What a run is given: destinations, the traffic to them, and what is away for how long. Scenarios are data; unknown fields are refused.
import * as z from "zod";
import { httpSpecSchema } from "../../src/model/destination.ts";

const PARTS = ["d1", "r2", "kv", "gate", "queue"] as const;
export type Part = (typeof PARTS)[number];

const destinationSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,48}$/, "may have lower-case letters, digits and hyphens"),
  /** From the start of the request to the end of the answer. */
  answer_ms: z.number().min(0).max(600_000),
  /** Webhooks accepted for it, evenly spread. */
  rate_per_second: z.number().min(0).max(5_000),
  timeout_ms: httpSpecSchema.shape.timeout_ms,
  rate_limit: httpSpecSchema.shape.rate_limit,
  max_concurrency: httpSpecSchema.shape.max_concurrency,
  /** What its gate takes to answer. */
  gate_ms: z.number().min(0).max(600_000).default(10),
  status: z.int().min(200).max(599).default(200),
  /** When it answers 500 instead. */
  down: z.strictObject({ from_s: z.number().min(0), to_s: z.number().min(0) }).optional(),
});

const scenarioSchema = z.strictObject({
  name: z.string().min(1),
  seed: z.int().default(1),
  /** Of traffic. */
  seconds: z.number().positive().max(86_400),
  /** After the traffic, for what is still waiting. */
  extra_seconds: z
    .number()
    .min(0)
    .max(7 * 86_400)
    .default(0),
  /** Of each queue. Left out: as many as the traffic needs if no answer takes longer than a second. */
  consumers_at_start: z.int().min(1).max(250).optional(),
  destinations: z
    .array(destinationSchema)
    .min(1)
    .max(250)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "each needs a name of its own"),
  outages: z
    .array(
      z
        .strictObject({ part: z.enum(PARTS), from_s: z.number().min(0), to_s: z.number().min(0) })
        .refine(({ from_s, to_s }) => from_s <= to_s, { path: ["to_s"], message: "must not be before from_s" }),
    )
    .default([]),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type ScenarioDestination = Scenario["destinations"][number];

/** Throws an error that names each faulty field. */
export function parseScenarios(value: unknown): Scenario[] {
  const parsed = z.array(scenarioSchema).safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join(".") || "file"}: ${message}`).join("\n"));
}

/** One scenario with what may be left out filled in. */
export const scenario = (given: z.input<typeof scenarioSchema>): Scenario => scenarioSchema.parse(given);
