// Cloudflare Access in place of the login page: whom it has signed in, and what that person may do. Without a whole proof nobody comes in.
import type { AccessSettings } from "../config/env.ts";
import type { Clock } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { accessPrincipal, type Principal } from "../model/token.ts";
import { accessIdentity, type AccessFailure, type RemoteTexts } from "../signing/index.ts";

export interface AccessGate {
  /** Where Access asks people to sign in; null when that is not known. */
  readonly origin: string | null;
  readonly principalOf: (request: Request) => Promise<Result<Principal, AccessFailure | "misconfigured">>;
}

/** @returns null where Access is not switched on */
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
