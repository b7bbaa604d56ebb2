// Checks proofs that are in the body: Mailgun's signature over a time and a token, Adyen's over some fields of each notification,
// Microsoft Graph's clientState. They do not cover the whole body; only TLS protects the rest.
import { constantTimeEqualText, utf8, type Bytes } from "../../kernel/bytes.ts";
import { readJson } from "../../kernel/json-body.ts";
import { secretBytes } from "../../model/secret-forms.ts";
import type { Verdict } from "../../model/request-check.ts";
import { failed, PASSED } from "./check.ts";
import { computeMac } from "./mac.ts";
import { matchesMac, timeFault } from "./presented.ts";
import type { Encoding, InBodyRule } from "./rules.ts";
import type { Subject } from "./subject.ts";

type Fields = Record<string, unknown>;

/** Notifications in one request. Each costs one MAC per secret. */
const MAX_NOTIFICATIONS = 1_000;

const asFields = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const asText = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

export function checkInBody(rule: InBodyRule, subject: Subject, body: Bytes): Promise<Verdict> {
  switch (rule.format) {
    case "mailgun":
      return checkMailgun(subject, body);
    case "adyen":
      return checkAdyen(subject, body);
    case "microsoft_graph":
      return checkClientState(subject, body);
  }
}

async function matches(subject: Subject, presented: string, text: string, encoding: Encoding): Promise<boolean> {
  const keys = subject.secrets.map((secret) => secretBytes(subject.form, secret)).filter((key) => key !== null);
  const macs = await Promise.all(keys.map((key) => computeMac("SHA-256", key, utf8(text))));
  return macs.map((mac) => matchesMac(presented, mac, encoding)).includes(true);
}

async function checkMailgun(subject: Subject, body: Bytes): Promise<Verdict> {
  const json = readJson(body);
  const fields = json === undefined ? await formFields(subject, body) : asFields(asFields(json)["signature"]);
  if (fields === null) return failed("malformed_body");
  const [time, token, signature] = [fields["timestamp"], fields["token"], fields["signature"]].map(asText);
  if (!time || !token || !signature) return failed("missing_signature");
  const fault = timeFault(time, "seconds", subject.nowMs, subject.toleranceSeconds);
  if (fault !== null) return failed(fault);
  // For an event of a subaccount, the parent account also signs, with its own key.
  for (const one of [signature, asText(fields["parent-signature"])]) {
    if (one !== "" && (await matches(subject, one, time + token, "hex"))) return PASSED;
  }
  return failed("signature_mismatch");
}

/** Mailgun's routes post forms that contain the three fields among those of the message. Null when the body is not a form. */
async function formFields({ request }: Subject, body: Bytes): Promise<Fields | null> {
  const type = request.header("content-type") ?? "";
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) return null;
  const form = await new Response(body, { headers: { "content-type": type } }).formData().catch(() => null);
  return form === null ? null : Object.fromEntries(form.entries());
}

/** Every notification must be signed, because the destination acts on each. */
async function checkAdyen(subject: Subject, body: Bytes): Promise<Verdict> {
  const items = asFields(readJson(body))["notificationItems"];
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_NOTIFICATIONS) return failed("malformed_body");
  for (const entry of items) {
    const item = asFields(asFields(entry)["NotificationRequestItem"]);
    const signature = asText(asFields(item["additionalData"])["hmacSignature"]);
    if (signature === "") return failed("missing_signature");
    const amount = asFields(item["amount"]);
    const signed = [
      item["pspReference"],
      item["originalReference"],
      item["merchantAccountCode"],
      item["merchantReference"],
      amount["value"],
      amount["currency"],
      item["eventCode"],
      item["success"],
    ];
    if (!(await matches(subject, signature, signed.map(asText).join(":"), "base64")))
      return failed("signature_mismatch");
  }
  return PASSED;
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
