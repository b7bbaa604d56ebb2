// One request to a token endpoint: OAuth 2.0 client credentials, RFC 6749, section 4.4. Follows no redirect, reads a bounded response,
// never throws, and reports only the kind of a failure.
import { MAX_TOKEN_ANSWER_BYTES, MAX_TOKEN_LIFETIME_SECONDS, TOKEN_TIMEOUT_MS } from "../config/limits.ts";
import { concatBytes } from "../kernel/bytes.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { readJson } from "../kernel/json-body.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AuthOf } from "../model/destination-auth.ts";
import { basicHeader, fitsHeader } from "../signing/index.ts";

export interface Token {
  readonly token: string;
  readonly lifetimeMs: number;
}

/** A message for the log. Of the endpoint's response it contains only the error code. */
export interface TokenFailure {
  readonly detail: string;
  /** No verdict on the credentials: the endpoint did not answer, or said that it is busy or broken. */
  readonly isTemporary: boolean;
}

const refused = (detail: string): Result<never, TokenFailure> => err({ detail, isTemporary: false });

/** For a response without `expires_in`. */
const DEFAULT_LIFETIME_SECONDS = 600;

export async function requestToken(
  auth: AuthOf<"oauth2_client_credentials">,
  clientSecret: string,
  fetcher: typeof fetch,
): Promise<Result<Token, TokenFailure>> {
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  if (auth.scope !== undefined) form.set("scope", auth.scope);
  if (auth.audience !== undefined) form.set("audience", auth.audience);
  const headers = new Headers({ accept: "application/json", "content-type": "application/x-www-form-urlencoded" });
  if (auth.auth_style === "post") {
    form.set("client_id", auth.client_id);
    form.set("client_secret", clientSecret);
  } else {
    // RFC 6749, section 2.3.1: both are form-encoded first.
    headers.set("authorization", basicHeader(formEncoded(auth.client_id), formEncoded(clientSecret)));
  }
  try {
    const response = await fetcher(auth.token_url, {
      method: "POST",
      headers,
      body: form.toString(),
      redirect: "manual",
      signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
    });
    const answer = await readAnswer(response);
    const { status } = response;
    if (!response.ok)
      return err({
        detail: `token endpoint answered ${status}${errorCode(answer)}`,
        isTemporary: status >= 500 || status === 408 || status === 429,
      });
    return readToken(answer);
  } catch (error) {
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    return err({ detail: `token endpoint ${timedOut ? "timed out" : "cannot be reached"}`, isTemporary: true });
  }
}

const formEncoded = (text: string): string => new URLSearchParams({ v: text }).toString().slice("v=".length);

async function readAnswer(response: Response): Promise<Record<string, unknown>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) break;
    parts.push(chunk.value as Uint8Array);
    size += (chunk.value as Uint8Array).byteLength;
    if (size > MAX_TOKEN_ANSWER_BYTES) {
      await reader?.cancel().catch(() => undefined);
      return {};
    }
  }
  const json = readJson(concatBytes(parts));
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
}

/** RFC 6749, section 5.2: a short code. Anything else stays out of the log. */
const errorCode = ({ error }: Record<string, unknown>): string =>
  typeof error === "string" && /^[a-z_]{1,64}$/.test(error) ? ` ${error}` : "";

/** RFC 6749, section 5.1. */
function readToken(answer: Record<string, unknown>): Result<Token, TokenFailure> {
  const { access_token: token, token_type: type, expires_in: lifetime } = answer;
  if (typeof token !== "string" || !fitsHeader(token)) return refused("token endpoint gave no access_token");
  if (type !== undefined && (typeof type !== "string" || type.toLowerCase() !== "bearer"))
    return refused("token endpoint gave a token of another type than bearer");
  // Some endpoints send a string.
  const given = typeof lifetime === "string" ? Number(lifetime) : lifetime;
  const seconds = typeof given === "number" && Number.isFinite(given) && given > 0 ? given : DEFAULT_LIFETIME_SECONDS;
  return ok({ token, lifetimeMs: Math.min(seconds, MAX_TOKEN_LIFETIME_SECONDS) * SECOND_MS });
}
