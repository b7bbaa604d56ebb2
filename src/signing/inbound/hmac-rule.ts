// Checks an HMAC over a template of the request. Any configured secret may match any of the signatures.
import { decodeUtf8, constantTimeEqualText, toHex, utf8, type Bytes } from "../../kernel/bytes.ts";
import { readJson } from "../../kernel/json-body.ts";
import { isMacKey, secretBytes } from "../../model/secret-forms.ts";
import { templatePlaceholders } from "../../model/signed-template.ts";
import type { Check, Verdict } from "../../model/request-check.ts";
import { decided, failed, PASSED } from "./check.ts";
import { beginMacs, type MacJob } from "./mac.ts";
import { matchesMac, signatureItems, signaturesAmong, timeFault, timeText } from "./presented.ts";
import { urlForms } from "./request-view.ts";
import type { HmacRule } from "./rules.ts";
import type { Subject } from "./subject.ts";
import { signedText, sortedForm } from "./signed-text.ts";
import { withWholeBody } from "./whole-body.ts";

export function beginHmac(rule: HmacRule, subject: Subject): Check {
  const { request } = subject;
  const items = signatureItems(rule.signature, request);
  if (items === null) return decided(failed("missing_signature"));
  const signatures = signaturesAmong(items, rule.signature);
  if (signatures.length === 0) return decided(failed("malformed_signature"));
  const keys = subject.secrets
    .filter((secret) => isMacKey(subject.form, secret))
    .map((secret) => secretBytes(subject.form, secret))
    .filter((key) => key !== null);
  if (keys.length === 0) return decided(failed("no_usable_secret"));

  const time = rule.time === undefined ? null : timeText(rule.time, items, request, null);
  if (rule.time !== undefined && rule.time.in !== "json") {
    const fault = timeFault(time, rule.time.unit, subject.nowMs, subject.toleranceSeconds);
    if (fault !== null) return decided(failed(fault));
  }
  const jobs: MacJob[] = [];
  for (const url of urlForms(request.url, rule.urlForms)) {
    const text = signedText(rule.signed, request, time, url);
    if (text === null) return decided(failed("missing_signed_header"));
    for (const key of keys) jobs.push({ hash: rule.hash, key, before: text.before, after: text.after });
  }
  const verdict = (macs: readonly Uint8Array[]): Verdict =>
    // Compares all of them: stopping at the first match would reveal by its time which one matched.
    macs
      .map((mac) => signatures.map((signature) => matchesMac(signature, mac, rule.encoding)).includes(true))
      .includes(true)
      ? PASSED
      : failed("signature_mismatch");
  const judgePayload = async (payload: Uint8Array): Promise<Verdict> => {
    const macs = beginMacs(jobs);
    macs.update(payload);
    return verdict(await macs.finish());
  };

  if (templatePlaceholders(rule.signed).includes("sorted_form")) {
    return withWholeBody(async (body) => {
      const form = await formPayload(rule, subject, body);
      return typeof form === "string" ? judgePayload(utf8(form)) : form;
    });
  }
  const place = rule.time;
  if (place?.in === "json") {
    return withWholeBody(async (body) => {
      const text = timeText(place, [], request, readJson(body));
      const fault = timeFault(text, place.unit, subject.nowMs, subject.toleranceSeconds);
      return fault === null ? judgePayload(body) : failed(fault);
    });
  }
  const macs = beginMacs(jobs);
  return { update: (chunk) => macs.update(chunk), finish: async () => verdict(await macs.finish()) };
}

/** The form fields as they are signed. A verdict when the body is not a form and no hash covers it. */
async function formPayload(rule: HmacRule, { request }: Subject, body: Bytes): Promise<string | Verdict> {
  const claimed =
    rule.bodyHashParameter === undefined ? null : new URLSearchParams(request.query).get(rule.bodyHashParameter);
  if (claimed !== null) {
    const hash = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", body)));
    return constantTimeEqualText(claimed.toLowerCase(), hash) ? "" : failed("signature_mismatch");
  }
  if (body.byteLength === 0) return "";
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.header("content-type") ?? ""))
    return failed("unsigned_body");
  const text = decodeUtf8(body);
  return text === null ? failed("malformed_body") : sortedForm(text);
}
