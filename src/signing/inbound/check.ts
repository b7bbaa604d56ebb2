// Verdicts, and checks that need no body.
import type { Check, FailureCause, Verdict } from "../../model/request-check.ts";

export const PASSED: Verdict = { ok: true };
export const failed = (cause: FailureCause): Verdict => ({ ok: false, cause });

/** A check that needs no body. */
export const decided = (verdict: Verdict): Check => ({ update: () => undefined, finish: async () => verdict });
