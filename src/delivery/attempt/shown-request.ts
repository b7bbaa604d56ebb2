// The request of an attempt as it is shown: built by the steps that send it, from the event on record and the configuration of now. It opens no
// secret and asks nobody: stand-ins take the place of secrets, and everything that is made with them is masked.
import { ok, type Result } from "../../kernel/result.ts";
import { maskCredentials, REDACTED } from "../../model/credentials.ts";
import { batchOf } from "../../model/destination.ts";
import type { HeaderList } from "../../model/event.ts";
import type { OutboundRequest, UrlPorts } from "../../outbound/index.ts";
import { buildBatch } from "../batch/build.ts";
import type { Job, Sending, Unprepared } from "../types.ts";
import { authorize } from "./authorize.ts";
import { prepareUnsigned, type PreparePorts } from "./prepare.ts";
import type { TransformPorts } from "./transform.ts";

export interface ShownRequest extends Pick<OutboundRequest, "method" | "headers" | "body" | "bodyBytes"> {
  /** Null for a broker. */
  readonly url: string | null;
  /** Of a broker: routing key, stream or topic, and the key of the message. */
  readonly message: { readonly address: string; readonly key: string | null } | null;
  /** Names of the headers whose values are masked. */
  readonly masked: readonly string[];
  /** Whether the body is that of the event, unchanged. */
  readonly isAsReceived: boolean;
}

export interface ShowPorts extends TransformPorts {
  /** Names are not looked up. */
  readonly rules: Omit<UrlPorts, "resolve">;
}

/** Valid as a secret of any encoding, and long enough to be found again. */
const STAND_IN = "0".repeat(64);
const SIGNING_STAND_IN = `whsec_${"A".repeat(32)}`;

/** @param at when the attempt is, or was, made. Milliseconds since the epoch */
export async function showRequest(
  given: Job,
  at: number,
  { rules, ...ports }: ShowPorts,
): Promise<Result<ShownRequest, Unprepared>> {
  const blind: PreparePorts = {
    ...ports,
    now: () => at,
    urls: { ...rules, resolve: null },
    openSecrets: async (stored, { field }) =>
      stored.map(() => (field.startsWith("signing/") ? SIGNING_STAND_IN : STAND_IN)),
    // A signature is masked, so its body need not be read.
    readStored: async () => new Blob([]).stream(),
    certificate: () => () => Promise.reject(new Error("nothing is sent")),
    accessToken: async () => ok(STAND_IN),
    callbackSecrets: async () => [SIGNING_STAND_IN],
  };
  const job = { ...given, event: maskCredentials(given.event) };
  const sending = await asBatch(job, blind);
  if (!sending.ok) return sending;
  const plain = await prepareUnsigned(sending.value, at, blind);
  if (!plain.ok) return plain;
  const { request } = plain.value;
  const whole = await authorize(request, plain.value.sending, at, blind, null);
  if (!whole.ok) return whole;
  const { method, body, bodyBytes, url, headers, message } = whole.value;
  const masked = new Set(withSecrets(headers, request.headers, given.event.options?.callback_of !== undefined));
  return ok({
    method,
    body,
    bodyBytes,
    url: message === undefined ? url.replaceAll(STAND_IN, REDACTED) : null,
    headers: headers.map(([name, value]) => [name, masked.has(name.toLowerCase()) ? maskedValue(value) : value]),
    masked: [...masked],
    message: message === undefined ? null : { address: message.address, key: message.key },
    isAsReceived: body === job.event.body,
  });
}

/** The request as it would be for this delivery alone, where the destination takes many in one. */
async function asBatch(job: Job, ports: TransformPorts): Promise<Result<Sending, Unprepared>> {
  const batch = batchOf(job.destination);
  if (batch === null) return ok(job);
  const { sending, aside } = await buildBatch([job], batch, ports);
  if (sending !== null) return ok(sending);
  return { ok: false, error: aside[0]?.fault ?? { kind: "failed", error: "too_large" } };
}

/** Names of headers that credentials and signatures have added, in lower case. @param before without these */
function withSecrets(headers: HeaderList, before: HeaderList, isCallback: boolean): string[] {
  const known = new Set(before.map((header) => JSON.stringify(header)));
  const added = headers.filter((header) => !known.has(JSON.stringify(header))).map(([name]) => name.toLowerCase());
  return isCallback ? [...added, "webhook-signature"] : added;
}

const maskedValue = (value: string): string => `${/^(Basic|Bearer) /.exec(value)?.[0] ?? ""}${REDACTED}`;
