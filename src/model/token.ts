// Tokens of the management API and what each may do. The text of a token is not stored.
import * as z from "zod";
import { asciiLowerCase } from "../kernel/ascii.ts";
import { nameSchema } from "./names.ts";

/** Each includes those before it. `read`: all but secrets; `write`: changes, retries, replays, publishing; `admin`: tokens and secrets. */
export const SCOPES = ["read", "write", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

export const covers = (held: Scope, needed: Scope): boolean => SCOPES.indexOf(held) >= SCOPES.indexOf(needed);

/** Who makes a request to the API. */
export interface Principal {
  /** A token's id, `admin_token` for the secret SLUICE_ADMIN_TOKEN, or `access:` and the e-mail address from Cloudflare Access. */
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  /** Milliseconds since the epoch; null: never. */
  readonly expires_at: number | null;
}

export const ADMIN_PRINCIPAL: Principal = {
  id: "admin_token",
  name: "SLUICE_ADMIN_TOKEN",
  scope: "admin",
  expires_at: null,
};

/** The person that Cloudflare Access has signed in. */
export function accessPrincipal(
  { email, expires_at }: { readonly email: string; readonly expires_at: number },
  { scope, admins }: { readonly scope: Scope; readonly admins: readonly string[] },
): Principal {
  const address = asciiLowerCase(email);
  return { id: `access:${address}`, name: address, scope: admins.includes(address) ? "admin" : scope, expires_at };
}

export const newTokenSchema = z.strictObject({
  name: nameSchema,
  scope: z.enum(SCOPES),
  expires_at: z.iso.datetime({ offset: true }).nullable().default(null).describe("Null: never"),
});

/** Followed by 256 random bits in base64url. People and secret scanners recognize the prefix. */
export const TOKEN_PREFIX = "slc_";
export const isTokenText = (text: string): boolean => /^slc_[A-Za-z0-9_-]{43}$/.test(text);
