// Signs a sample event as its provider would, by the rules that check the provider's own requests. Takes time and id from the caller.
import { toBase64, toBase64Url, toHex, utf8, type Bytes } from "../../kernel/bytes.ts";
import { secretBytes, secretFormOf, isMacKey, type SecretForm } from "../../model/secret-forms.ts";
import { templatePlaceholders } from "../../model/signed-template.ts";
import { adyenText, asFields } from "../inbound/in-body.ts";
import { computeMac } from "../inbound/mac.ts";
import { requestView } from "../inbound/request-view.ts";
import type { Encoding, HmacRule, Rule, SecretRule } from "../inbound/rules.ts";
import { rulesFor, type Method } from "../inbound/rules-for.ts";
import { signedText, sortedForm } from "../inbound/signed-text.ts";
import { instant, seconds, type Moment, type Sample } from "./sample.ts";

export interface SampleRequest {
  readonly method: "POST";
  readonly url: string;
  /** By name, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What makes a request genuine. */
interface Proof {
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The request without a signature. @param url of the source */
export const plainSample = (sample: Sample, url: string): SampleRequest => ({
  method: "POST",
  url,
  headers: {
    "content-type": sample.isForm === true ? "application/x-www-form-urlencoded" : "application/json",
    ...sample.headers,
  },
  body:
    sample.isForm === true
      ? String(new URLSearchParams(sample.body as Record<string, string>))
      : JSON.stringify(sample.body),
});

/**
 * @param method how the source verifies its sender
 * @param secret in plain text
 * @param url of the source, as the sender calls it
 * @returns null when nobody but the sender can sign: its private key is its own
 */
export async function signSample(
  sample: Sample,
  method: Method,
  secret: string,
  url: string,
  moment: Moment,
): Promise<SampleRequest | null> {
  if (method.type === "none" || method.type === "jwt" || method.type === "aws_sns") return null;
  const form = secretFormOf(method);
  const rule = rulesFor(method).find((one) => canSign(one, form, secret));
  const key = secretBytes(form, secret);
  if (rule === undefined || key === null) return null;
  const request = plainSample(await proven(sample, rule, secret, key, moment), url);
  const origin = "public_origin" in method ? method.public_origin : undefined;
  const proof = await proofOf(rule, request, origin, secret, key, moment);
  return { ...request, ...proof, headers: { ...request.headers, ...proof.headers } };
}

const canSign = (rule: Rule, form: SecretForm, secret: string): boolean =>
  rule.scheme === "hmac" ? isMacKey(form, secret) : rule.scheme !== "public_key";

/** The sample with what its provider puts into the body. */
async function proven(sample: Sample, rule: Rule, secret: string, key: Bytes, moment: Moment): Promise<Sample> {
  const body = asFields(sample.body);
  if (rule.scheme === "hmac" && rule.time?.in === "json")
    return { ...sample, body: { ...body, [rule.time.name]: Number(timeText(rule, moment)) } };
  if (rule.scheme === "mailgun") {
    const timestamp = String(seconds(moment));
    const signature = toHex(await computeMac("SHA-256", key, utf8(timestamp + moment.id)));
    return { ...sample, body: { ...body, signature: { token: moment.id, timestamp, signature } } };
  }
  if (rule.scheme !== "in_body") return sample;
  if (rule.format === "microsoft_graph") {
    const value = (body["value"] as object[]).map((item) => ({ ...item, clientState: secret }));
    return { ...sample, body: { ...body, value } };
  }
  const items = (body["notificationItems"] as { NotificationRequestItem: Record<string, unknown> }[]).map(
    async ({ NotificationRequestItem: item }) => {
      const hmacSignature = toBase64(await computeMac("SHA-256", key, utf8(adyenText(item))));
      return { NotificationRequestItem: { ...item, additionalData: { hmacSignature } } };
    },
  );
  return { ...sample, body: { ...body, notificationItems: await Promise.all(items) } };
}

async function proofOf(
  rule: Rule,
  request: SampleRequest,
  origin: string | undefined,
  secret: string,
  key: Bytes,
  moment: Moment,
): Promise<Proof> {
  if (rule.scheme === "secret") return shownSecret(rule, request.url, secret);
  if (rule.scheme !== "hmac") return {};
  const time = rule.time === undefined ? null : timeText(rule, moment);
  const headers: Record<string, string> = {};
  for (const name of templatePlaceholders(rule.signed).flatMap((one) => /^header:(.+)$/.exec(one)?.[1] ?? []))
    headers[name] = request.headers[name] ?? `msg_${moment.id}`;
  if (rule.time?.in === "header") headers[rule.time.name] = time ?? "";
  const view = requestView(
    { ...request, headers: Object.entries({ ...request.headers, ...headers }), ip: null },
    origin,
  );
  const { before, after } = signedText(rule.signed, view, time, view.url) ?? { before: "", after: "" };
  const isForm = templatePlaceholders(rule.signed).includes("sorted_form");
  const body = isForm ? sortedForm(request.body) : request.body;
  const mac = await computeMac(rule.hash, key, utf8(before + body + after));
  const { header, numbered, separator = ",", prefix = "", keyIds } = rule.signature;
  const signature = prefix + (keyIds === true ? "sample:" : "") + encode(mac, rule.encoding);
  const items = rule.time?.in === "signature" ? [rule.time.name + time, signature] : [signature];
  return { headers: { ...headers, [numbered === true ? `${header}1` : header]: items.join(separator) } };
}

function shownSecret(rule: SecretRule, url: string, secret: string): Proof {
  if (rule.in === "query") {
    const parameter = `${encodeURIComponent(rule.name)}=${encodeURIComponent(secret)}`;
    return { url: `${url}${url.includes("?") ? "&" : "?"}${parameter}` };
  }
  const value =
    rule.form === "whole" ? secret : rule.form === "bearer" ? `Bearer ${secret}` : `Basic ${toBase64(utf8(secret))}`;
  return { headers: { [rule.name.toLowerCase()]: value } };
}

function timeText({ time }: HmacRule, moment: Moment): string {
  switch (time?.unit) {
    case "iso8601":
      return instant(moment);
    case "milliseconds":
      return String(moment.now);
    default:
      return String(seconds(moment));
  }
}

function encode(mac: Uint8Array, encoding: Encoding): string {
  return encoding === "hex" ? toHex(mac) : encoding === "base64" ? toBase64(mac) : toBase64Url(mac);
}
