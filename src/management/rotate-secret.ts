// A new signing secret for a destination. The former ones still sign for the grace that the caller asks for.
import * as z from "zod";
import { DEFAULT_GRACE_SECONDS, MAX_GRACE_SECONDS, MAX_RETIRING_SECRETS } from "../config/limits.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import type { JsonObject } from "../kernel/json-object.ts";
import { randomBytes } from "../kernel/random.ts";
import { destinationSpecSchema } from "../model/destination.ts";
import { parse } from "../model/parse.ts";
import { invalid, Problem } from "../model/problem.ts";
import type { StoredSecret } from "../model/secret.ts";
import { readSpec } from "../model/stored-spec.ts";
import { newSigningSecret, type Vault } from "../signing/index.ts";
import { affectedSources, replaceSpec } from "../store/index.ts";
import { auditEntry, recordChange } from "./audited.ts";
import { follow } from "./consequences.ts";
import type { Written } from "./create.ts";
import { findRecord, readState } from "./find.ts";
import type { ManagementPorts } from "./ports.ts";
import { sealSecrets } from "./secrets.ts";
import { publicKeys } from "./signing.ts";
import { writeStoredSpec } from "./specs.ts";

export const rotationSchema = z.strictObject({
  /** How long the current secrets still sign. */
  grace_seconds: z.int().min(0).max(MAX_GRACE_SECONDS).default(DEFAULT_GRACE_SECONDS),
  /** Which kind of secret Sluice makes when none is given. Unchanged by default. */
  algorithm: z.enum(["hmac", "ed25519"]).optional(),
});

/** How often it starts again when the record changes meanwhile. */
const ROTATE_ROUNDS = 5;

/** @param name id or slug @param input may hold the new `secret` itself @throws Problem */
export async function rotateSecret(
  name: string,
  input: JsonObject,
  ports: ManagementPorts,
): Promise<Written<"destinations">> {
  const { db, vault } = ports;
  const { secret: given, ...rest } = input;
  const { grace_seconds, algorithm } = parse(rotationSchema, rest);
  for (let round = 0; round < ROTATE_ROUNDS; round++) {
    const record = await findRecord(db, "destinations", name);
    const spec = readSpec(destinationSpecSchema, record.spec);
    if (spec.signing.type === "none") throw invalid("/signing/type", "has the type none: there is no secret to rotate");
    const made =
      given === undefined ? [await newSigningSecret(algorithm ?? spec.signing.algorithm, randomBytes)] : null;
    const fresh = await sealFresh(made === null ? given : made[0], record.id, vault);
    const now = ports.now();
    const ends = now + grace_seconds * SECOND_MS;
    // No former secret outlives this grace: zero drops them all at once.
    const former = [
      ...spec.signing.secrets.map((secret) => ({ secret, expires_at: ends })),
      ...spec.signing.retiring.map((old) => ({ ...old, expires_at: Math.min(old.expires_at, ends) })),
    ];
    const signing = {
      ...spec.signing,
      algorithm: algorithm ?? spec.signing.algorithm,
      secrets: [fresh],
      public_keys: await publicKeys([fresh], record.id, vault),
      retiring: former.filter((old) => old.expires_at > now).slice(0, MAX_RETIRING_SECRETS),
    };
    const affected = await affectedSources(db, "destinations", record);
    const next = writeStoredSpec("destinations", record.spec, { ...spec, signing });
    const entry = auditEntry(ports.actor, now, recordChange("destinations", "rotate_secret", record));
    // Of two rotations at once, neither may answer a secret that the other has replaced.
    if (!(await replaceSpec(db, "destinations", record, next, now, affected, [entry]))) continue;
    const rotated = { ...record, spec: next, updated_at: now };
    const change = {
      kind: "destinations",
      id: record.id,
      before: readState("destinations", record),
      after: readState("destinations", rotated),
    } as const;
    await follow([change], affected, ports);
    return { record: rotated, made };
  }
  throw new Problem("conflict");
}

async function sealFresh(secret: unknown, destination: string, vault: Vault): Promise<StoredSecret> {
  // The same checks as at creation; the problem names this operation's field.
  try {
    const sealed = await sealSecrets("destinations", destination, { signing: { secrets: [secret] } }, null, vault);
    return (sealed["signing"] as { secrets: StoredSecret[] }).secrets[0] as StoredSecret;
  } catch (error) {
    if (!(error instanceof Problem) || error.errors.length === 0) throw error;
    const [first] = error.errors;
    throw invalid((first?.pointer ?? "").replace("/signing/secrets/0", "/secret"), first?.detail ?? "");
  }
}
