// Checks a fixed secret that the sender sends: a token in a header or in the query, a bearer token, or a user name and password.
import { constantTimeEqual, constantTimeEqualText, fromBase64, toBase64, utf8 } from "../../kernel/bytes.ts";
import type { Verdict } from "../../model/request-check.ts";
import { failed, PASSED } from "./check.ts";
import type { SecretRule } from "./rules.ts";
import type { Subject } from "./subject.ts";

export function checkSecret(rule: SecretRule, { request, secrets }: Subject): Verdict {
  const value =
    rule.in === "header" ? request.header(rule.name.toLowerCase()) : new URLSearchParams(request.query).get(rule.name);
  if (value === null) return failed("missing_signature");
  if (rule.form === "whole") return passIfAny(secrets.map((secret) => constantTimeEqualText(value, secret)));
  const [, credentials] = (rule.form === "bearer" ? /^bearer +(\S+) *$/i : /^basic +(\S+) *$/i).exec(value) ?? [];
  if (credentials === undefined) return failed("malformed_signature");
  if (rule.form === "bearer") return passIfAny(secrets.map((secret) => constantTimeEqualText(credentials, secret)));
  const pair = fromBase64(credentials);
  if (pair === null || toBase64(pair) !== credentials) return failed("malformed_signature");
  return passIfAny(secrets.map((secret) => constantTimeEqual(pair, utf8(secret))));
}

const passIfAny = (matches: readonly boolean[]): Verdict =>
  matches.includes(true) ? PASSED : failed("secret_mismatch");
