// Keeps one destination's access token for all consumers: fetches it once however many ask, anew before it expires, and anew when the
// destination has refused it. A failing endpoint is asked again only after a pause.
import { MIN_TOKEN_AGE_MS, TOKEN_RETRY_MS } from "../config/limits.ts";
import type { Clock } from "../kernel/clock.ts";
import { MINUTE_MS } from "../kernel/durations.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AuthOf } from "../model/destination-auth.ts";
import type { Token, TokenFailure } from "./token-request.ts";

export interface KeptToken {
  readonly token: string;
  /** Of the configuration that it was fetched with. */
  readonly fingerprint: string;
  readonly fetched_at: number;
  /** From then on it is not handed out any more. Milliseconds since the epoch. */
  readonly expires_at: number;
}

export interface TokenKeeperPorts {
  readonly now: Clock;
  /** Never throws. */
  readonly fetchToken: (auth: AuthOf<"oauth2_client_credentials">) => Promise<Result<Token, TokenFailure>>;
  readonly load: () => Promise<KeptToken | null>;
  readonly keep: (token: KeptToken) => Promise<void>;
}

type Answer = Result<KeptToken, TokenFailure>;

export class TokenKeeper {
  #kept: KeptToken | null = null;
  #loaded: Promise<void> | null = null;
  #failed: { readonly fingerprint: string; readonly until: number; readonly failure: TokenFailure } | null = null;
  readonly #underWay = new Map<string, Promise<Answer>>();

  readonly ports: TokenKeeperPorts;

  constructor(ports: TokenKeeperPorts) {
    this.ports = ports;
  }

  /** @param refused a token that the destination has answered 401 to */
  async token(auth: AuthOf<"oauth2_client_credentials">, refused: string | null): Promise<Answer> {
    this.#loaded ??= this.#load();
    await this.#loaded;
    const fingerprint = JSON.stringify(auth);
    const now = this.ports.now();
    const kept = this.#kept;
    if (kept !== null && kept.fingerprint === fingerprint && now < kept.expires_at) {
      // One that is brand new is not the reason for a 401: asking for another would turn every delivery into a request to the endpoint.
      if (kept.token !== refused || now - kept.fetched_at < MIN_TOKEN_AGE_MS) return ok(kept);
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
    const kept = await this.ports.load();
    this.#kept ??= kept;
  }

  async #fetch(auth: AuthOf<"oauth2_client_credentials">, fingerprint: string): Promise<Answer> {
    const result = await this.ports.fetchToken(auth);
    const now = this.ports.now();
    if (!result.ok) {
      this.#failed = { fingerprint, until: now + TOKEN_RETRY_MS, failure: result.error };
      return result;
    }
    const { token, lifetimeMs } = result.value;
    // A tenth of its life early, a minute at the most: a request under way must still be good when it arrives.
    const expires_at = now + lifetimeMs - Math.min(MINUTE_MS, lifetimeMs / 10);
    const kept = { token, fingerprint, fetched_at: now, expires_at };
    this.#kept = kept;
    this.#failed = null;
    await this.ports.keep(kept);
    return ok(kept);
  }
}
