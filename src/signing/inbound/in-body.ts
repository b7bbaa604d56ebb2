// Checks proofs that are in a JSON body: Adyen's signature over some fields of each notification, Microsoft Graph's clientState. They do
// not cover the whole body; only TLS protects the rest.
import { constantTimeEqualText, utf8, type Bytes } from "../../kernel/bytes.ts";
import { readJson } from "../../kernel/json-body.ts";
import { secretBytes } from "../../model/secret-forms.ts";
import type { Verdict } from "../../model/request-check.ts";
import { failed, PASSED } from "./check.ts";
import { computeMac } from "./mac.ts";
import { matchesMac } from "./presented.ts";
import type { Encoding, InBodyRule } from "./rules.ts";
import type { Subject } from "./subject.ts";

export type Fields = Record<string, unknown>;

/** Notifications in one request. Each costs one MAC per secret. */
const MAX_NOTIFICATIONS = 1_000;

export const asFields = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
export const asText = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

export function checkInBody(rule: InBodyRule, subject: Subject, body: Bytes): Promise<Verdict> {
  switch (rule.format) {
    case "adyen":
      return checkAdyen(subject, body);
    case "microsoft_graph":
      return checkClientState(subject, body);
  }
}

/** Whether a presented MAC is that of the text, by one of the secrets. */
export async function matchesText(
  subject: Subject,
  presented: string,
  text: string,
  encoding: Encoding,
): Promise<boolean> {
  const keys = subject.secrets.map((secret) => secretBytes(subject.form, secret)).filter((key) => key !== null);
  const macs = await Promise.all(keys.map((key) => computeMac("SHA-256", key, utf8(text))));
  return macs.map((mac) => matchesMac(presented, mac, encoding)).includes(true);
}

/** Every notification must be signed, because the destination acts on each. */
async function checkAdyen(subject: Subject, body: Bytes): Promise<Verdict> {
  const items = asFields(readJson(body))["notificationItems"];
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_NOTIFICATIONS) return failed("malformed_body");
  for (const entry of items) {
    const item = asFields(asFields(entry)["NotificationRequestItem"]);
    const signature = asText(asFields(item["additionalData"])["hmacSignature"]);
    if (signature === "") return failed("missing_signature");
    if (!(await matchesText(subject, signature, adyenText(item), "base64"))) return failed("signature_mismatch");
  }
  return PASSED;
}

/** What Adyen signs of a notification. */
export function adyenText(item: Fields): string {
  const amount = asFields(item["amount"]);
  return [
    item["pspReference"],
    item["originalReference"],
    item["merchantAccountCode"],
    item["merchantReference"],
    amount["value"],
    amount["currency"],
    item["eventCode"],
    item["success"],
  ]
    .map(asText)
    .join(":");
}

async function checkClientState({ secrets }: Subject, body: Bytes): Promise<Verdict> {
  const items = asFields(readJson(body))["value"];
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_NOTIFICATIONS) return failed("malformed_body");
  const states = items.map((item) => asFields(item)["clientState"]);
  if (states.some((state) => typeof state !== "string")) return failed("missing_signature");
  const all = states.map((state) =>
    secrets.map((secret) => constantTimeEqualText(asText(state), secret)).includes(true),
  );
  return all.includes(false) ? failed("secret_mismatch") : PASSED;
}
