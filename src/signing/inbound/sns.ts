// Checks a message from Amazon SNS: fetches the certificate from an address where only AWS can publish, then checks the signature over the
// message's fields.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
import { X509Certificate } from "node:crypto";
import { fromBase64, toBase64, utf8, type Bytes } from "../../kernel/bytes.ts";
import { readJson } from "../../kernel/json-body.ts";
import type { Verdict } from "../../model/request-check.ts";
import { failed, PASSED } from "./check.ts";
import { timeFault } from "./presented.ts";
import type { RemoteTexts } from "./remote-texts.ts";

/** The regional SNS host and the file name of its certificates, as AWS's own validators require. */
const CERTIFICATE_URL =
  /^https:\/\/sns\.[a-z0-9-]{4,32}\.amazonaws\.com(\.cn)?\/SimpleNotificationService-[0-9a-f]{16,64}\.pem$/;

const NOTIFICATION_FIELDS = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const CONFIRMATION_FIELDS = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
const SIGNED_FIELDS: Record<string, readonly string[]> = {
  Notification: NOTIFICATION_FIELDS,
  SubscriptionConfirmation: CONFIRMATION_FIELDS,
  UnsubscribeConfirmation: CONFIRMATION_FIELDS,
};
const HASHES: Record<string, string> = { "1": "SHA-1", "2": "SHA-256" };

export interface SnsSettings {
  readonly topicArns: readonly string[];
  readonly toleranceSeconds: number;
  readonly nowMs: number;
}

export async function checkSns(body: Bytes, settings: SnsSettings, remote: RemoteTexts): Promise<Verdict> {
  const json = readJson(body);
  if (typeof json !== "object" || json === null) return failed("malformed_body");
  const message = json as Record<string, unknown>;
  const text = (name: string): string | null => (typeof message[name] === "string" ? message[name] : null);
  const fields = Object.hasOwn(SIGNED_FIELDS, text("Type") ?? "") ? SIGNED_FIELDS[text("Type") ?? ""] : undefined;
  if (fields === undefined) return failed("malformed_body");
  const [signature, url, topic] = [text("Signature"), text("SigningCertURL"), text("TopicArn")];
  if (signature === null || url === null) return failed("missing_signature");
  const version = text("SignatureVersion") ?? "";
  const hash = Object.hasOwn(HASHES, version) ? HASHES[version] : undefined;
  const bytes = fromBase64(signature);
  if (hash === undefined || bytes === null || toBase64(bytes) !== signature) return failed("malformed_signature");
  if (!CERTIFICATE_URL.test(url)) return failed("untrusted_key_url");
  if (topic === null || (settings.topicArns.length > 0 && !settings.topicArns.includes(topic)))
    return failed("topic_not_allowed");
  const fault = timeFault(text("Timestamp"), "iso8601", settings.nowMs, settings.toleranceSeconds);
  if (fault !== null) return failed(fault);
  const certificate = await remote.get(url, settings.nowMs);
  if (certificate === "unavailable") return failed("keys_unavailable");
  const key = certificate === "absent" ? null : await importCertificateKey(certificate.text, hash, settings.nowMs);
  if (key === null) return failed("unusable_keys");
  // An absent field is left out together with its name. Only Subject may be absent.
  const signed = fields.map((name) => [name, text(name)] as const).filter(([, value]) => value !== null);
  const toSign = utf8(signed.map(([name, value]) => `${name}\n${value}\n`).join(""));
  if (!(await crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, bytes, toSign))) return failed("signature_mismatch");
  remote.prove(url);
  return PASSED;
}

/** The public key of a certificate that is valid now. Null for any other. */
async function importCertificateKey(pem: string, hash: string, nowMs: number): Promise<CryptoKey | null> {
  try {
    const certificate = new X509Certificate(pem);
    if (nowMs < Date.parse(certificate.validFrom) || nowMs > Date.parse(certificate.validTo)) return null;
    const spki = certificate.publicKey.export({ type: "spki", format: "der" });
    return await crypto.subtle.importKey("spki", spki, { name: "RSASSA-PKCS1-v1_5", hash }, false, ["verify"]);
  } catch {
    return null;
  }
}
