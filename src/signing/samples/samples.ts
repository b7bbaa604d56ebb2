// A few sample events of each provider, in the form that its own pages show. Made up; nothing in them is anybody's.
import type { PresetName } from "../../model/verification.ts";
import { COMMERCE } from "./commerce.ts";
import { DEVELOPMENT } from "./development.ts";
import { MESSAGING } from "./messaging.ts";
import type { Moment, Sample, Samples } from "./sample.ts";
import { WORK } from "./work.ts";

const SAMPLES: Readonly<Record<PresetName, Samples>> = { ...COMMERCE, ...DEVELOPMENT, ...MESSAGING, ...WORK };

/** For senders that have no preset. */
const OTHERS: Samples = {
  "sample.created": ({ id, now }) => ({
    body: { id, type: "sample.created", created_at: new Date(now).toISOString(), data: { hello: "world" } },
  }),
};

/** Whether it is a provider that Sluice knows by name. */
export const isPreset = (type: string): type is PresetName => Object.hasOwn(SAMPLES, type);

/** @param type of the verification */
const samplesOf = (type: string): Samples => (isPreset(type) ? SAMPLES[type] : OTHERS);

/** The types of which there is a sample; the usual one comes first. @param type of the verification */
export const sampleTypes = (type: string): readonly string[] => Object.keys(samplesOf(type));

/** @param type of the verification @param event the event's type; by default the first @returns null where there is no such sample */
export function sampleOf(type: string, event: string | undefined, moment: Moment): Sample | null {
  const samples = samplesOf(type);
  const name = event ?? Object.keys(samples)[0] ?? "";
  return Object.hasOwn(samples, name) ? (samples[name]?.(moment) ?? null) : null;
}
