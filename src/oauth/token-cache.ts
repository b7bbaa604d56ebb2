// Caches one destination's access token for all consumers. Fetches it once for concurrent calls, again before it expires, and again when
// the destination has refused it. After a failure it waits before it asks the endpoint again.
import { MIN_TOKEN_AGE_MS, TOKEN_RETRY_MS } from "../config/limits.ts";
import type { Clock } from "../kernel/clock.ts";
import { MINUTE_MS } from "../kernel/durations.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AuthOf } from "../model/destination-auth.ts";
import type { Token, TokenFailure } from "./token-request.ts";

export interface CachedToken {
  readonly token: string;
  /** The configuration that it was fetched with. */
  readonly fingerprint: string;
  readonly fetched_at: number;
  /** Not used from then on. Milliseconds since the epoch. */
  readonly expires_at: number;
}

export interface TokenCachePorts {
  readonly now: Clock;
  /** Never throws. */
  readonly fetchToken: (auth: AuthOf<"oauth2_client_credentials">) => Promise<Result<Token, TokenFailure>>;
  readonly load: () => Promise<CachedToken | null>;
  readonly keep: (token: CachedToken) => Promise<void>;
}

type Answer = Result<CachedToken, TokenFailure>;

export class TokenCache {
  #cached: CachedToken | null = null;
  #loaded: Promise<void> | null = null;
  #failed: { readonly fingerprint: string; readonly until: number; readonly failure: TokenFailure } | null = null;
  readonly #underWay = new Map<string, Promise<Answer>>();

  readonly ports: TokenCachePorts;

  constructor(ports: TokenCachePorts) {
    this.ports = ports;
  }

  /** @param refused a token that the destination answered with 401 */
  async token(auth: AuthOf<"oauth2_client_credentials">, refused: string | null): Promise<Answer> {
    this.#loaded ??= this.#load();
    await this.#loaded;
    const fingerprint = JSON.stringify(auth);
    const now = this.ports.now();
    const cached = this.#cached;
    if (cached !== null && cached.fingerprint === fingerprint && now < cached.expires_at) {
      // A new token does not cause a 401. Fetching another would turn every delivery into a request to the endpoint.
      if (cached.token !== refused || now - cached.fetched_at < MIN_TOKEN_AGE_MS) return ok(cached);
    }
    if (this.#failed !== null && this.#failed.fingerprint === fingerprint && now < this.#failed.until)
      return err(this.#failed.failure);
    let fetching = this.#underWay.get(fingerprint);
    if (fetching === undefined) {
      fetching = this.#fetch(auth, fingerprint).finally(() => this.#underWay.delete(fingerprint));
      this.#underWay.set(fingerprint, fetching);
    }
    return fetching;
  }

  async #load(): Promise<void> {
    const cached = await this.ports.load();
    this.#cached ??= cached;
  }

  async #fetch(auth: AuthOf<"oauth2_client_credentials">, fingerprint: string): Promise<Answer> {
    const result = await this.ports.fetchToken(auth);
    const now = this.ports.now();
    if (!result.ok) {
      this.#failed = { fingerprint, until: now + TOKEN_RETRY_MS, failure: result.error };
      return result;
    }
    const { token, lifetimeMs } = result.value;
    // Earlier by a tenth of its lifetime, at most a minute: the token must still be valid when the request arrives.
    const expires_at = now + lifetimeMs - Math.min(MINUTE_MS, lifetimeMs / 10);
    const cached = { token, fingerprint, fetched_at: now, expires_at };
    this.#cached = cached;
    this.#failed = null;
    await this.ports.keep(cached);
    return ok(cached);
  }
}
