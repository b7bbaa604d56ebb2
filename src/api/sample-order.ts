// Which sample a test of a source sends: whose, of which type, and with which body.
import * as z from "zod";
import { MAX_EVENT_TYPE_LENGTH } from "../config/limits.ts";
import { isObject } from "../kernel/json-object.ts";
import { parse } from "../model/parse.ts";
import { invalid } from "../model/problem.ts";
import { isPreset, sampleOf, sampleTypes, type Sample } from "../signing/index.ts";

const orderSchema = z.strictObject({
  provider: z.string().max(64).optional(),
  type: z.string().max(MAX_EVENT_TYPE_LENGTH).optional(),
  body: z.unknown().optional(),
});

/** Their proof is inside the body, at a place that only the sample has for certain. */
const PROVEN_WITHIN: ReadonlySet<string> = new Set(["adyen", "microsoft_graph"]);

/** @param verified the type of the source's verification @throws Problem that names the field */
export function orderedSample(
  input: unknown,
  verified: string,
  moment: { readonly id: string; readonly now: number },
): Sample {
  const { provider = verified, type, body } = parse(orderSchema, input);
  if (provider !== verified && !isPreset(provider)) throw invalid("/provider", "is not a provider that Sluice knows");
  if (provider !== verified && isPreset(verified))
    throw invalid("/provider", `must be ${verified}, which is what the source verifies`);
  const sample = sampleOf(provider, type, moment);
  if (sample === null) throw invalid("/type", `must be one of ${sampleTypes(provider).join(", ")}`);
  if (body === undefined) return sample;
  if (PROVEN_WITHIN.has(provider)) throw invalid("/body", "cannot be given: the provider signs within it");
  if (sample.isForm === true && !(isObject(body) && Object.values(body).every((value) => typeof value === "string")))
    throw invalid("/body", "must be an object of texts, which are sent as a form");
  if (Array.isArray(body) !== Array.isArray(sample.body) || isObject(body) !== isObject(sample.body))
    throw invalid("/body", `must be ${Array.isArray(sample.body) ? "an array" : "an object"}, as the provider sends`);
  return { ...sample, body };
}
