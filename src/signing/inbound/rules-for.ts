// The rules of a verification, of which a request must satisfy one.
import type { Verification } from "../../model/verification.ts";
import { GITHUB_SHA1_RULE, PRESETS } from "./presets.ts";
import type { HmacRule, Rule } from "./rules.ts";

type WithoutSecrets<V> = V extends unknown ? Omit<V, "secrets" | "verify_token"> : never;
/** Which method a source uses, and with which options. */
export type Method = WithoutSecrets<Verification>;
type WithRules = Exclude<Method, { type: "none" | "jwt" | "aws_sns" }>;

export function rulesFor(verification: WithRules): readonly Exclude<Rule, { scheme: "sns" }>[] {
  switch (verification.type) {
    case "hmac":
      return [hmacRule(verification)];
    case "basic":
    case "bearer":
      return [{ scheme: "secret", in: "header", name: "authorization", form: verification.type }];
    case "api_key":
      return [{ scheme: "secret", in: verification.in, name: verification.name, form: "whole" }];
    default: {
      const rules = PRESETS[verification.type].rules.filter((rule) => rule.scheme !== "sns");
      return verification.type === "github" && verification.allow_sha1 ? [...rules, GITHUB_SHA1_RULE] : rules;
    }
  }
}

const HASHES = { sha1: "SHA-1", sha256: "SHA-256", sha512: "SHA-512" } as const;

const hmacRule = (given: Extract<Method, { type: "hmac" }>): HmacRule => ({
  scheme: "hmac",
  hash: HASHES[given.algorithm],
  encoding: given.encoding,
  signature: {
    header: given.header.toLowerCase(),
    prefix: given.prefix,
    separator: given.separator === "" ? undefined : given.separator,
  },
  signed: given.signed,
  ...(given.timestamp_header === undefined
    ? {}
    : { time: { in: "header", name: given.timestamp_header.toLowerCase(), unit: given.timestamp_unit } }),
});
