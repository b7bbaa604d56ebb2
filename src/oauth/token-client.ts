// Access tokens as consumers ask for them: from the isolate's memory while they are good, else from the destination's Durable Object.
import { MAX_CACHED_TOKENS } from "../config/limits.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Clock } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AuthOf } from "../model/destination-auth.ts";
import type { DestinationId } from "../model/ids.ts";
import type { OAuthTokens } from "./oauth-tokens.ts";
import type { KeptToken } from "./token-keeper.ts";

/** Never throws. A failure says why in words without secrets; that there is only the token that was refused is one. */
export type AccessToken = (
  destination: DestinationId,
  auth: AuthOf<"oauth2_client_credentials">,
  refused: string | null,
) => Promise<Result<string, string>>;

export function tokenClient(namespace: DurableObjectNamespace<OAuthTokens>, now: Clock): AccessToken {
  const known = new BoundedMap<DestinationId, KeptToken>(MAX_CACHED_TOKENS);
  return async (destination, auth, refused) => {
    const kept = known.get(destination);
    const good = kept !== undefined && kept.fingerprint === JSON.stringify(auth) && now() < kept.expires_at;
    if (good && kept.token !== refused) return ok(kept.token);
    try {
      const answer = await namespace.getByName(destination).token(auth, refused);
      if (!answer.ok) return err(answer.error.detail);
      known.set(destination, answer.value);
      return answer.value.token === refused ? err("the token is new, and refused") : ok(answer.value.token);
    } catch {
      return err("the keeper of tokens cannot be reached");
    }
  };
}
