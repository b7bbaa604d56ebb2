// What an API token may do, as far as it may say so itself: only a token with the permission "User, API Tokens: Read" can. Of others the first write
// that is refused says what they lack.
import type { Cloudflare } from "./api.ts";
import { TOKENS_PAGE } from "./permissions.ts";

interface Token {
  readonly policies?: readonly {
    readonly effect?: string;
    readonly permission_groups?: readonly { readonly name?: string }[];
  }[];
}

/** What a deployment changes, in the words of the page where tokens are made. */
const WRITES = ["Workers Scripts", "D1", "Workers KV Storage", "Workers R2 Storage", "Queues"];

/** @returns the account permissions that it lacks; null where it cannot be known beforehand. Never throws */
async function lackingWrites(api: Cloudflare): Promise<readonly string[] | null> {
  try {
    const { id } = await api.call<{ id: string }>("GET", "/user/tokens/verify");
    const { policies } = await api.call<Token>("GET", `/user/tokens/${id}`);
    const names = policies?.flatMap((one) => (one.effect === "allow" ? (one.permission_groups ?? []) : []));
    const allowed = new Set(names?.map(({ name = "" }) => name));
    // The API says Write where the page says Edit.
    const lacks = (name: string): boolean => !allowed.has(`${name} Write`) && !allowed.has(`${name} Edit`);
    return allowed.size === 0 ? null : WRITES.filter(lacks);
  } catch {
    return null;
  }
}

/** One sentence for each write permission that the token is known to lack. @param except permissions that are not needed */
export const lackingWords = async (api: Cloudflare, except: readonly string[]): Promise<readonly string[]> =>
  ((await lackingWrites(api)) ?? [])
    .filter((name) => !except.includes(name))
    .map(
      (name) =>
        `The API token may not change this. Open ${TOKENS_PAGE}, edit the token, and add the permission "Account, ${name}: Edit".`,
    );
