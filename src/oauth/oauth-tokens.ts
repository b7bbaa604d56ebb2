// The Durable Object around a destination's token cache. It stores the token encrypted and deletes it when it expires.
import { DurableObject } from "cloudflare:workers";
import { readSettings } from "../config/env.ts";
import { systemClock } from "../kernel/clock.ts";
import { err, type Result } from "../kernel/result.ts";
import { randomBytes } from "../kernel/random.ts";
import type { AuthOf } from "../model/destination-auth.ts";
import { configPlace, createVault, workerSecret, type SecretPlace, type Vault } from "../signing/index.ts";
import { TokenCache, type CachedToken } from "./token-cache.ts";
import { requestToken, type Token, type TokenFailure } from "./token-request.ts";
import { checkUrl, urlPorts, type UrlPorts } from "../outbound/index.ts";

const STORED = "token";

export class OAuthTokens extends DurableObject<Env> {
  readonly #vault: Vault;
  readonly #cache: TokenCache;
  readonly #urls: UrlPorts;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#vault = createVault({ ...readSettings(env), randomBytes, secretNamed: (name) => workerSecret(env, name) });
    this.#urls = urlPorts(readSettings(env), (input, init) => fetch(input, init), systemClock);
    this.#cache = new TokenCache({
      now: systemClock,
      fetchToken: (auth) => this.#fetch(auth),
      load: () => this.#load(),
      keep: (token) => this.#keep(token),
    });
  }

  /** The destination that this object is for. */
  get #destination(): string {
    return this.ctx.id.name ?? "";
  }

  token(auth: AuthOf<"oauth2_client_credentials">, refused: string | null): Promise<Result<CachedToken, TokenFailure>> {
    return this.#cache.token(auth, refused);
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  async #fetch(auth: AuthOf<"oauth2_client_credentials">): Promise<Result<Token, TokenFailure>> {
    const allowed = await checkUrl(auth.token_url, this.#urls);
    if (!allowed.ok) {
      const { detail, isTemporary = false } = allowed.error;
      return err({ detail: `token_url ${detail}`, isTemporary });
    }
    const secret = await this.#vault.open(auth.client_secret, configPlace(this.#destination, "auth/client_secret"));
    // Like any secret that cannot be opened: it uses no attempt.
    if (!secret.ok)
      return err({ detail: `client_secret ${secret.error.reason}: ${secret.error.name}`, isTemporary: true });
    return requestToken(auth, secret.value, (input, init) => fetch(input, init));
  }

  #place(): SecretPlace {
    return { purpose: "oauth_token", record: this.#destination, field: STORED };
  }

  async #load(): Promise<CachedToken | null> {
    const sealed = await this.ctx.storage.get<string>(STORED);
    const opened = sealed === undefined ? null : await this.#vault.open({ sealed }, this.#place());
    // Sealed with a key that no longer exists: the next call fetches a new token.
    return opened?.ok === true ? (JSON.parse(opened.value) as CachedToken) : null;
  }

  async #keep(token: CachedToken): Promise<void> {
    const sealed = await this.#vault.seal(JSON.stringify(token), this.#place());
    // Without a key to seal with, the token stays in memory: it is never stored in plain text.
    if (!sealed.ok) return;
    await this.ctx.storage.put(STORED, sealed.value.sealed);
    await this.ctx.storage.setAlarm(token.expires_at);
  }
}
