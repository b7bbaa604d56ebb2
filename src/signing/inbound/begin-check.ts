// Checks whether a request comes from the sender that the source expects. Gives a verdict for every request and never throws.
import { isInRanges } from "../../kernel/cidr.ts";
import { secretFormOf } from "../../model/secret-forms.ts";
import { allowedIps, type Verification } from "../../model/verification.ts";
import type { Check, FailureCause, InboundHead } from "../../model/request-check.ts";
import { decided, failed, PASSED } from "./check.ts";
import { beginHmac } from "./hmac-rule.ts";
import { checkInBody } from "./in-body.ts";
import { checkJwt } from "./jwt.ts";
import { beginMailgun } from "./mailgun.ts";
import { beginPublicKey } from "./public-key-rule.ts";
import type { RemoteTexts } from "./remote-texts.ts";
import { requestView } from "./request-view.ts";
import type { Rule } from "./rules.ts";
import { rulesFor } from "./rules-for.ts";
import { checkSecret } from "./secret-rule.ts";
import { checkSns } from "./sns.ts";
import type { Subject } from "./subject.ts";
import { withWholeBody } from "./whole-body.ts";

/** True when every request passes, so that no check is needed. */
export const demandsNothing = (verification: Verification): boolean =>
  verification.type === "none" && allowedIps(verification).length === 0;

/**
 * @param secrets in plain text; any of them may match
 * @param remote fetches certificates and key sets
 */
export function beginCheck(
  head: InboundHead,
  verification: Verification,
  secrets: readonly string[],
  nowMs: number,
  remote: RemoteTexts,
): Check {
  try {
    return guarded(begin(head, verification, secrets, nowMs, remote));
  } catch {
    return decided(failed("check_failed"));
  }
}

function begin(
  head: InboundHead,
  verification: Verification,
  secrets: readonly string[],
  nowMs: number,
  remote: RemoteTexts,
): Check {
  if (!isInRanges(head.ip, allowedIps(verification))) return decided(failed("ip_not_allowed"));
  if (verification.type === "none") return decided(PASSED);
  const request = requestView(head, "public_origin" in verification ? verification.public_origin : undefined);
  const toleranceSeconds = "tolerance_seconds" in verification ? verification.tolerance_seconds : 0;
  if (verification.type === "jwt") {
    return { update: () => undefined, finish: () => checkJwt(verification, secrets, request, nowMs, remote) };
  }
  if (verification.type === "aws_sns") {
    const settings = { topicArns: verification.topic_arns, toleranceSeconds, nowMs };
    return withWholeBody((body) => checkSns(body, settings, remote));
  }
  const subject: Subject = { request, secrets, form: secretFormOf(verification), nowMs, toleranceSeconds };
  return firstToPass(rulesFor(verification).map((rule) => beginRule(rule, subject)));
}

function beginRule(rule: Exclude<Rule, { scheme: "sns" }>, subject: Subject): Check {
  switch (rule.scheme) {
    case "hmac":
      return beginHmac(rule, subject);
    case "public_key":
      return beginPublicKey(rule, subject);
    case "secret":
      return decided(checkSecret(rule, subject));
    case "in_body":
      return withWholeBody((body) => checkInBody(rule, subject, body));
    case "mailgun":
      return beginMailgun(subject);
  }
}

/** Causes that say least about a failure when another rule got further. */
const LEAST_SPECIFIC: readonly FailureCause[] = ["missing_signature", "malformed_signature"];

/** Passes when one of the checks passes. Otherwise reports the cause of the check that got furthest. */
function firstToPass(checks: readonly Check[]): Check {
  const [only] = checks;
  if (only !== undefined && checks.length === 1) return only;
  return {
    update: (chunk) => checks.forEach((check) => check.update(chunk)),
    async finish() {
      let cause: FailureCause = "missing_signature";
      for (const check of checks) {
        const verdict = await check.finish();
        if (verdict.ok) return verdict;
        if (LEAST_SPECIFIC.includes(cause) && verdict.cause !== "missing_signature") cause = verdict.cause;
      }
      return failed(cause);
    },
  };
}

/** A bug in a check must refuse the request, not fail it with a 500. */
function guarded(check: Check): Check {
  let broken = false;
  return {
    update(chunk) {
      try {
        if (!broken) check.update(chunk);
      } catch {
        broken = true;
      }
    },
    finish: async () => {
      if (broken) return failed("check_failed");
      return check.finish().catch(() => failed("check_failed"));
    },
  };
}
