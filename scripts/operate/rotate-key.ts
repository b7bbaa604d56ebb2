// Replaces the master key without a moment in which a secret cannot be read. Versions of a Worker spread over the world in seconds, so the new key is
// first given to every isolate for reading, and only then used for writing; the old one stays for reading until nothing needs it.
import { createHash } from "node:crypto";
import { Advice } from "../cloudflare/advice.ts";
import type { Cloudflare, Fetch } from "../cloudflare/api.ts";

export interface RotatePorts {
  readonly api: Cloudflare;
  readonly fetch: Fetch;
  readonly sleep: (ms: number) => Promise<void>;
  readonly say: (line: string) => void;
}

export interface Target {
  /** The path of the Worker in the API. */
  readonly script: string;
  /** Where it answers. */
  readonly edge: string;
  readonly token: string;
}

interface Keys {
  readonly current_key_id: string | null;
  readonly data: readonly { readonly key_id: string; readonly secrets: number }[];
}

/** After a change of secrets every isolate has the new ones. */
const SPREAD_MS = 60_000;

const idFrom = (prefix: string, key: string): string =>
  createHash("sha256").update(prefix).update(Buffer.from(key, "base64")).digest("hex").slice(0, "01234567".length);

/** The id under which the Worker shows a key: src/signing/vault.ts. */
const keyId = (key: string): string => idFrom("sluice bound secrets\n", key);

/** Earlier releases encrypted in another way, which has an id of its own. */
const idsOf = (key: string): readonly string[] => [keyId(key), idFrom("", key)];

async function readKeys({ fetch }: Pick<RotatePorts, "fetch">, { edge, token }: Target): Promise<Keys> {
  const answer = await fetch(`${edge}/api/v1/master-keys`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Advice(`${edge}/api/v1/master-keys answers ${answer.status}: is the token right?`);
  const keys: Keys = JSON.parse(await answer.text());
  return keys;
}

/** Both in one version of the Worker. */
const setSecrets = (
  api: Cloudflare,
  script: string,
  secrets: Readonly<Record<string, string | null>>,
): Promise<unknown> =>
  api.call("PATCH", `${script}/secrets-bulk`, {
    secrets: Object.fromEntries(
      Object.entries(secrets).map(([name, text]) => [name, text === null ? null : { name, text, type: "secret_text" }]),
    ),
  });

/** @param present the key in use @param next the new one @param older further keys that still decrypt @throws Advice when `present` is another */
export async function rotate(
  ports: RotatePorts,
  target: Target,
  present: string,
  next: string,
  older: readonly string[],
): Promise<void> {
  const { api, say, sleep } = ports;
  const { current_key_id, data } = await readKeys(ports, target);
  if (current_key_id !== keyId(present) && current_key_id !== keyId(next))
    throw new Advice(
      `The Worker uses another master key (${current_key_id}) than the one that is given (${keyId(present)}). Nothing was changed.`,
    );
  const known = new Set([present, next, ...older].flatMap(idsOf));
  const unknown = data.filter(({ key_id, secrets }) => secrets > 0 && !known.has(key_id)).map(({ key_id }) => key_id);
  if (unknown.length > 0)
    throw new Advice(
      `Secrets are encrypted with a key that is not given: ${unknown.join(", ")}. Name the old keys in SLUICE_MASTER_KEYS_OLD, separated by commas. Nothing was changed.`,
    );
  const old = (keys: readonly string[]): string => [...new Set(keys)].join(",");
  if (current_key_id === keyId(present)) {
    await setSecrets(api, target.script, {
      SLUICE_MASTER_KEY: present,
      SLUICE_MASTER_KEYS_OLD: old([next, ...older]),
    });
    say("  every isolate can read with the new key in a minute");
    await sleep(SPREAD_MS);
  }
  await setSecrets(api, target.script, { SLUICE_MASTER_KEY: next, SLUICE_MASTER_KEYS_OLD: old([present, ...older]) });
  say("  the new key encrypts; the old one still decrypts");
}

/** Removes the old keys. @throws Advice while anything is encrypted with one of them */
export async function finish(ports: RotatePorts, target: Target): Promise<void> {
  const { current_key_id, data } = await readKeys(ports, target);
  const left = data.filter(({ key_id, secrets }) => key_id !== current_key_id && secrets > 0);
  if (left.length > 0)
    throw new Advice(
      `Secrets are still encrypted with an old key (${left.map(({ key_id, secrets }) => `${key_id}: ${secrets}`).join(", ")}). Each sweep re-encrypts some; try again later.`,
    );
  await setSecrets(ports.api, target.script, { SLUICE_MASTER_KEYS_OLD: null });
  ports.say("  the old keys are removed");
}
