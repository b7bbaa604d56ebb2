// Signing secrets of a destination: made where none is given, shown once, rotated with a grace in which former ones still sign.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { DEFAULT_GRACE_SECONDS, MAX_GRACE_SECONDS, MAX_RETIRING_SECRETS } from "../config/limits.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { randomBytes } from "../kernel/random.ts";
import { destinationSpecSchema, type DestinationSpec } from "../model/destination.ts";
import type { StoredSecret } from "../model/secret.ts";
import { newSigningSecret, publicKeyOf, type Vault } from "../signing/index.ts";
import { describeError } from "../telemetry/index.ts";
import { audited } from "./audited.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid, Problem } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import { jsonBody } from "./query.ts";
import { isObject, sealSecrets, type Input } from "./secrets.ts";
import { destinationView } from "./views.ts";
import { affectedSources, findConfig, replaceSpec } from "../store/index.ts";

export interface WithSigning {
  readonly input: Input;
  /** Secrets that Sluice has made just now: to be shown this once. */
  readonly made: readonly string[] | null;
}

const kindSchema = z.enum(["hmac", "ed25519"]).default("hmac").catch("hmac");

/** The input of a destination with its signing complete, still unsealed. What Sluice itself writes there is not taken from outside. */
export async function completeSigning(input: Input, stored: Input | null): Promise<WithSigning> {
  const given = input["signing"];
  if (!isObject(given) || given["type"] !== "standard_webhooks") return { input, made: null };
  const { retiring: _retiring, public_keys: _keys, ...signing } = given;
  if (signing["secrets"] !== undefined) return { input: { ...input, signing }, made: null };
  const before = stored?.["signing"];
  if (isObject(before) && before["type"] === "standard_webhooks") {
    const { public_keys = [], retiring = [] } = before;
    return { input: { ...input, signing: { ...signing, public_keys, retiring } }, made: null };
  }
  const made = [await newSigningSecret(kindSchema.parse(signing["algorithm"]), randomBytes)];
  return { input: { ...input, signing: { ...signing, secrets: made } }, made };
}

/** The public halves of secrets that are about to be stored. */
async function publicKeys(secrets: readonly StoredSecret[], vault: Vault): Promise<string[]> {
  const keys = await Promise.all((await vault.openSecrets(secrets)).map(publicKeyOf));
  return keys.filter((key) => key !== null);
}

/** The checked record with the public keys of its secrets, where those are new. */
export async function withPublicKeys(spec: DestinationSpec, input: Input, vault: Vault): Promise<DestinationSpec> {
  const given = input["signing"];
  if (spec.signing.type === "none" || !isObject(given) || given["public_keys"] !== undefined) return spec;
  return { ...spec, signing: { ...spec.signing, public_keys: await publicKeys(spec.signing.secrets, vault) } };
}

/** The answer with secrets in it that will not be shown again; kept for its idempotency key only sealed. */
export function reveal<T extends { readonly signing?: object }>(
  c: Context<ApiEnv>,
  view: T,
  made: readonly string[] | null,
): T {
  if (made === null) return view;
  c.set("confidential", true);
  return { ...view, signing: { ...view.signing, secrets: made } };
}

export const rotationSchema = z.strictObject({
  /** How long the present secrets still sign. */
  grace_seconds: z.int().min(0).max(MAX_GRACE_SECONDS).default(DEFAULT_GRACE_SECONDS),
  /** Which kind of secret Sluice makes where none is given. Stays as it is by default. */
  algorithm: z.enum(["hmac", "ed25519"]).optional(),
});

const MAX_TRIES = 5;

async function rotate(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const body = await jsonBody(c);
  if (!isObject(body)) throw invalid("/", "must be an object");
  const { secret: given, ...rest } = body;
  const { grace_seconds, algorithm } = parse(rotationSchema, rest);
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const record = await findConfig(deps.db, "destinations", c.req.param("id") ?? "");
    if (record === null) throw new Problem("not_found", "There is no such destination.");
    const spec = destinationSpecSchema.parse(JSON.parse(record.spec));
    if (spec.signing.type === "none") throw invalid("/signing/type", "is none: there is no secret to rotate");
    const made =
      given === undefined ? [await newSigningSecret(algorithm ?? spec.signing.algorithm, randomBytes)] : null;
    const fresh = await sealFresh(made === null ? given : made[0], deps.vault);
    const now = deps.now();
    const ends = now + grace_seconds * SECOND_MS;
    // No former secret outlives the grace that was asked for now: zero drops them all at once.
    const former = [
      ...spec.signing.secrets.map((secret) => ({ secret, expires_at: ends })),
      ...spec.signing.retiring.map((old) => ({ ...old, expires_at: Math.min(old.expires_at, ends) })),
    ];
    const signing = {
      ...spec.signing,
      algorithm: algorithm ?? spec.signing.algorithm,
      secrets: [fresh],
      public_keys: await publicKeys([fresh], deps.vault),
      retiring: former.filter((old) => old.expires_at > now).slice(0, MAX_RETIRING_SECRETS),
    };
    const affected = await affectedSources(deps.db, "destinations", record);
    const next = JSON.stringify({ ...spec, signing });
    // Two rotations at once must not hand out a secret that the other has thrown away.
    const { id: resource_id, slug: resource_name } = record;
    const rotated = { action: "rotate_secret", kind: "destination", resource_id, resource_name } as const;
    const entries = [audited(c, now, rotated)];
    if (!(await replaceSpec(deps.db, "destinations", record, next, now, affected, entries))) continue;
    await deps
      .publish(affected, [])
      .catch((error: unknown) => deps.log.error("publish failed", { error: describeError(error) }));
    return c.json(reveal(c, destinationView({ ...record, spec: next, updated_at: now }, now), made));
  }
  throw new Problem("conflict");
}

async function sealFresh(secret: unknown, vault: Vault): Promise<StoredSecret> {
  // The same checks as at creation, under the field's name here.
  try {
    const sealed = await sealSecrets("destinations", { signing: { secrets: [secret] } }, null, vault);
    return (sealed["signing"] as { secrets: StoredSecret[] }).secrets[0] as StoredSecret;
  } catch (error) {
    if (!(error instanceof Problem) || error.errors.length === 0) throw error;
    const [first] = error.errors;
    throw invalid((first?.pointer ?? "").replace("/signing/secrets/0", "/secret"), first?.detail ?? "");
  }
}

export function mountSigning(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.post("/destinations/:id/rotate-secret", (c) => rotate(c, deps));
}
