// Cloudflare Access in place of the login page: identifies the signed-in person and their scope. Requests without a valid assertion are refused.
import type { AccessSettings } from "../config/env.ts";
import type { Clock } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { accessPrincipal, type Principal } from "../model/token.ts";
import { accessIdentity, type AccessFailure, type RemoteTexts } from "../signing/index.ts";

export interface AccessGate {
  /** Origin of the Access sign-in page; null if it is not configured correctly. */
  readonly origin: string | null;
  readonly principalOf: (request: Request) => Promise<Result<Principal, AccessFailure | "misconfigured">>;
}

/** @returns null if Access is not enabled */
export function accessGate(
  settings: AccessSettings | "misconfigured" | null,
  remote: RemoteTexts,
  now: Clock,
): AccessGate | null {
  if (settings === null) return null;
  if (settings === "misconfigured") return { origin: null, principalOf: async () => err("misconfigured") };
  return {
    origin: settings.origin,
    async principalOf({ headers }) {
      const identity = await accessIdentity(headers, settings, now(), remote);
      return identity.ok ? ok(accessPrincipal(identity.value, settings)) : identity;
    },
  };
}
