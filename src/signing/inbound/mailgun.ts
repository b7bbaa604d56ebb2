// Checks Mailgun's signature over a time and a token, which stand in the body. It does not cover the rest, which only TLS protects. Routes post
// whole e-mails as forms, so the fields are found while the form arrives.
import { readJson } from "../../kernel/json-body.ts";
import { multipartBoundary, MultipartReader } from "../../kernel/multipart.ts";
import { UrlEncodedReader } from "../../kernel/url-encoded.ts";
import type { Check, Verdict } from "../../model/request-check.ts";
import { failed, PASSED } from "./check.ts";
import { asFields, asText, matchesText, type Fields } from "./in-body.ts";
import { timeFault } from "./presented.ts";
import type { Subject } from "./subject.ts";
import { withWholeBody } from "./whole-body.ts";

const NAMES = ["timestamp", "token", "signature", "parent-signature"];
/** They have up to 64 characters. */
const MAX_FIELD_BYTES = 1_024;

export function beginMailgun(subject: Subject): Check {
  const type = subject.request.header("content-type") ?? "";
  const found: Record<string, string> = {};
  const onField = (name: string, value: string): void => {
    if (NAMES.includes(name)) found[name] = value;
  };
  const boundary = multipartBoundary(type);
  const reader =
    boundary !== null
      ? new MultipartReader(boundary, MAX_FIELD_BYTES, onField)
      : /^application\/x-www-form-urlencoded\b/i.test(type)
        ? new UrlEncodedReader(MAX_FIELD_BYTES, onField)
        : null;
  if (reader === null) return withWholeBody((body) => checkJson(subject, readJson(body)));
  return {
    update: (chunk) => reader.update(chunk),
    finish: async () => (reader.finish() ? checkFields(subject, found) : failed("malformed_body")),
  };
}

const checkJson = async (subject: Subject, json: unknown): Promise<Verdict> =>
  json === undefined ? failed("malformed_body") : checkFields(subject, asFields(asFields(json)["signature"]));

async function checkFields(subject: Subject, fields: Fields): Promise<Verdict> {
  const [time, token, signature] = [fields["timestamp"], fields["token"], fields["signature"]].map(asText);
  if (!time || !token || !signature) return failed("missing_signature");
  const fault = timeFault(time, "seconds", subject.nowMs, subject.toleranceSeconds);
  if (fault !== null) return failed(fault);
  // For an event of a subaccount, the parent account also signs, with its own key.
  for (const one of [signature, asText(fields["parent-signature"])]) {
    if (one !== "" && (await matchesText(subject, one, time + token, "hex"))) return PASSED;
  }
  return failed("signature_mismatch");
}
