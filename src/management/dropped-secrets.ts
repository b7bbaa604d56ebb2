// A change must not take a source's secrets away in passing: without them it would refuse its sender.
import { isObject, type JsonObject } from "../kernel/json-object.ts";
import { invalid } from "../model/problem.ts";
import type { SourceSpec } from "../model/source.ts";
import { awaitsSecret } from "../model/verification.ts";
import type { Spec } from "./specs.ts";

/** Their senders bring the secret themselves. */
const LEARNING = ["asana", "notion"];

/** @param given the input @param stored the source as it stands @throws Problem if it had secrets, and waits for one now, though the input does not say so */
export function refuseDroppedSecrets(given: JsonObject, stored: JsonObject, next: Spec): void {
  const { verification } = next as SourceSpec;
  const [wanted, before] = [given["verification"], stored["verification"]];
  if (!awaitsSecret(verification) || LEARNING.includes(verification.type)) return;
  if (!isObject(wanted) || wanted["secrets"] !== undefined || !isObject(before)) return;
  const had = before["secrets"];
  if (Array.isArray(had) && had.length > 0)
    throw invalid("/verification/secrets", "must be given again, or as [] to let the source wait for its secret");
}
