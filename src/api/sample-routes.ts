// `POST /sources/{id}/test`: a sample of the provider's events, signed with the source's own secret, takes the way of every request. What
// nobody but the sender can sign is published without a signature, and the answer says so.
import type { Context, Hono } from "hono";
import { toBase32 } from "../kernel/base32.ts";
import { utf8 } from "../kernel/bytes.ts";
import { randomBytes } from "../kernel/random.ts";
import { findRecord } from "../management/index.ts";
import { Problem } from "../model/problem.ts";
import { sourceSpecSchema, type SourceSpec } from "../model/source.ts";
import { readSpec } from "../model/stored-spec.ts";
import { allowedIps, awaitsSecret } from "../model/verification.ts";
import { bodyView } from "../routing/index.ts";
import {
  configPlace,
  eventType,
  plainSample,
  SecretUnavailable,
  signSample,
  type Sample,
  type SampleRequest,
} from "../signing/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import type { Named } from "./openapi/client-types.ts";
import { publishSchema } from "./publish-input.ts";
import { publishEvent } from "./publish-routes.ts";
import { jsonBody } from "./query.ts";
import { orderedSample } from "./sample-order.ts";
import type { Unsigned } from "./sample-outcomes.ts";

interface Source {
  readonly id: string;
  readonly spec: SourceSpec;
  readonly url: string;
}

async function send(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const record = await findRecord(deps.db, "sources", c.req.param("id") ?? "");
  const spec = readSpec(sourceSpecSchema, record.spec);
  const moment = { id: toBase32(randomBytes(10)), now: deps.now() };
  const sample = orderedSample(await jsonBody(c), spec.verification.type, moment);
  const origin = deps.settings.publicOrigin ?? new URL(c.req.url).origin;
  const source = { id: record.id, spec, url: `${origin}/in/${spec.slug}` };
  const { request, unsigned } = await prepared(source, sample, moment, deps);
  const takesAll = unsigned === null || unsigned === "no_verification";
  const id = takesAll ? await pass(request, c, deps) : await publishAt(source, request, c, deps);
  const headers = Object.entries(request.headers);
  const answer: Named<"SampleSent"> = {
    id,
    status: "accepted",
    event_type: eventType(spec, headers, () => bodyView({ headers }, utf8(request.body)).value),
    signed: unsigned === null,
    unsigned_because: unsigned,
  };
  return c.json(answer, 202, { "sluice-event-id": id });
}

interface Prepared {
  readonly request: SampleRequest;
  /** Null where it is signed. */
  readonly unsigned: Unsigned | null;
}

async function prepared(
  { id, spec: { verification }, url }: Source,
  sample: Sample,
  moment: { readonly id: string; readonly now: number },
  { vault }: ApiDeps,
): Promise<Prepared> {
  const plain = (unsigned: Unsigned): Prepared => ({ request: plainSample(sample, url), unsigned });
  if (allowedIps(verification).length > 0) return plain("allowed_ips");
  if (verification.type === "none") return plain("no_verification");
  if (awaitsSecret(verification)) return plain("awaiting_secret");
  try {
    const sealed = ("secrets" in verification ? verification.secrets : undefined) ?? [];
    for (const secret of await vault.openSecrets(sealed, configPlace(id, "verification/secrets"))) {
      const request = await signSample(sample, verification, secret, url, moment);
      if (request !== null) return { request, unsigned: null };
    }
    return plain("sender_only");
  } catch (error) {
    if (error instanceof SecretUnavailable)
      throw new Problem("unavailable", "The source's secret cannot be opened now.");
    throw error;
  }
}

/** Through the source, as from outside. @returns the event's id */
async function pass({ url, method, headers, body }: SampleRequest, c: Context<ApiEnv>, deps: ApiDeps): Promise<string> {
  const response = await deps.receive(new Request(url, { method, headers, body }), c.get("requestId"));
  const id = response.headers.get("sluice-event-id");
  if (response.ok && id !== null) {
    await response.body?.cancel();
    return id;
  }
  const { detail = "" } = await response.json<{ detail?: string }>().catch(() => ({ detail: "" }));
  throw new Problem("sample_refused", `The source answered ${response.status}. ${detail}`.trim());
}

/** Past the verification. @returns the event's id */
async function publishAt(
  { id, spec }: Source,
  { headers, body }: SampleRequest,
  c: Context<ApiEnv>,
  deps: ApiDeps,
): Promise<string> {
  if (!spec.enabled) throw new Problem("sample_refused", "The source is disabled.");
  return publishEvent(c, deps, publishSchema.parse({ source: id, headers, body }), "");
}

export function mountSamples(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.post("/sources/:id/test", (c) => send(c, deps));
}
