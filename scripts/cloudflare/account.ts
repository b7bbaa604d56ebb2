// Who deploys, and to which account: an API token from the environment, or the login of `wrangler login`.
import { Advice } from "./advice.ts";
import type { Cloudflare } from "./api.ts";
import { TOKENS_PAGE } from "./permissions.ts";

/** @param loginToken asks wrangler for the token of its login; null without one @returns the headers that authenticate */
export async function credentials(
  env: NodeJS.ProcessEnv,
  loginToken: () => Promise<string | null>,
): Promise<Record<string, string>> {
  const [key, email] = [env["CLOUDFLARE_API_KEY"], env["CLOUDFLARE_EMAIL"]];
  const token = env["CLOUDFLARE_API_TOKEN"]?.trim();
  if (token) return { authorization: `Bearer ${token}` };
  if (key && email) return { "x-auth-key": key, "x-auth-email": email };
  const login = await loginToken();
  if (login !== null) return { authorization: `Bearer ${login}` };
  throw new Advice(
    `You are not signed in to Cloudflare. Run "npx wrangler login", or make an API token at ${TOKENS_PAGE}
with the template "Edit Cloudflare Workers" and the further permissions "D1: Edit" and "Queues: Edit",
and set it as CLOUDFLARE_API_TOKEN.`,
  );
}

interface Account {
  readonly id: string;
  readonly name: string;
}

/** @param configured from the environment or the configuration @throws Advice when there is none or more than one to choose from */
export async function chooseAccount(api: Cloudflare, configured: string | undefined): Promise<Account> {
  if (configured) return { id: configured, name: configured };
  const accounts = await api.call<Account[]>("GET", "/accounts");
  const [only, ...others] = accounts;
  if (only === undefined)
    throw new Advice(
      `The API token reaches no account. Edit it at ${TOKENS_PAGE}: under "Account Resources", include your account.`,
    );
  if (others.length > 0)
    throw new Advice(
      `The login reaches several accounts. Set CLOUDFLARE_ACCOUNT_ID to one of them:\n${accounts
        .map(({ id, name }) => `  ${id}  ${name}`)
        .join("\n")}`,
    );
  return only;
}
