// Access tokens for consumers: from the isolate's memory while they are valid, otherwise from the destination's Durable Object.
import { MAX_CACHED_TOKENS } from "../config/limits.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Clock } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AuthOf } from "../model/destination-auth.ts";
import type { DestinationId } from "../model/ids.ts";
import type { OAuthTokens } from "./oauth-tokens.ts";
import type { CachedToken } from "./token-cache.ts";
import type { TokenFailure } from "./token-request.ts";

/**
 * Never throws.
 * @param refused a token that the destination answered with 401; when there is no other, that is a failure too
 */
export type AccessToken = (
  destination: DestinationId,
  auth: AuthOf<"oauth2_client_credentials">,
  refused: string | null,
) => Promise<Result<string, TokenFailure>>;

export function tokenClient(namespace: DurableObjectNamespace<OAuthTokens>, now: Clock): AccessToken {
  const cache = new BoundedMap<DestinationId, CachedToken>(MAX_CACHED_TOKENS);
  return async (destination, auth, refused) => {
    const cached = cache.get(destination);
    const valid = cached !== undefined && cached.fingerprint === JSON.stringify(auth) && now() < cached.expires_at;
    if (valid && cached.token !== refused) return ok(cached.token);
    try {
      const answer = await namespace.getByName(destination).token(auth, refused);
      if (!answer.ok) return answer;
      cache.set(destination, answer.value);
      return answer.value.token === refused
        ? err({ detail: "the token is new and was refused", isTemporary: false })
        : ok(answer.value.token);
    } catch {
      return err({ detail: "the token cache cannot be reached", isTemporary: true });
    }
  };
}
