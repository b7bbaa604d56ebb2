// Seals and opens the secrets of the configuration: AES-GCM-256 under the deployment's master key. Never says a secret's value,
// neither in an error nor in a log.
import { concatBytes, decodeUtf8, fromBase64, toBase64Url, toHex, utf8, type Bytes } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { StoredSecret } from "../model/secret.ts";

/** NIST SP 800-38D, section 8.2.2: a random nonce of 96 bits. */
const NONCE_BYTES = 12;
const KEY_BYTES = 32;
/** Opened secrets that an isolate remembers: more than one deployment's hot set, and a few hundred kilobytes at most. */
export const MAX_CACHED_SECRETS = 1_000;

/** What is wrong with the deployment's keys, in words for its operator. */
export interface VaultMisconfigured {
  readonly reason: "vault_misconfigured";
  readonly detail: string;
}

export type OpenFailure = {
  readonly reason: "key_unknown" | "tampered" | "secret_missing";
  /** The key's id or the secret's name. */
  readonly name: string;
};

/** A secret that cannot be opened now. Its message is fit for a log. */
export class SecretUnavailable extends Error {
  override readonly name = "SecretUnavailable";
  constructor(readonly failure: OpenFailure) {
    super(`${failure.reason}: ${failure.name}`);
  }
}

export interface Vault {
  seal(plain: string): Promise<Result<{ readonly sealed: string }, VaultMisconfigured>>;
  open(stored: StoredSecret): Promise<Result<string, OpenFailure>>;
  /** All of them, in order. Throws `SecretUnavailable` when one cannot be opened: half of the secrets is no set to judge by. */
  openSecrets(stored: readonly StoredSecret[]): Promise<string[]>;
  /** The id of the key that seals, or what is wrong with the keys. */
  currentKeyId(): Promise<Result<string, VaultMisconfigured>>;
}

export interface VaultSettings {
  /** Base64 of 32 bytes. */
  readonly masterKey: string | null;
  /** Former master keys, for reading only. */
  readonly oldMasterKeys: readonly string[];
  readonly randomBytes: (length: number) => Bytes;
  /** The Worker's secrets by name. */
  readonly secretNamed: (name: string) => string | null;
}

interface Key {
  readonly id: string;
  readonly key: CryptoKey;
}

async function importKey(text: string): Promise<Key | null> {
  const bytes = fromBase64(text.trim());
  if (bytes?.byteLength !== KEY_BYTES) return null;
  const id = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).slice(0, 8);
  return { id, key: await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]) };
}

const misconfigured = (name: string): VaultMisconfigured => ({
  reason: "vault_misconfigured",
  detail: `${name} must be base64 of ${KEY_BYTES} bytes: openssl rand -base64 32`,
});

export function createVault(settings: VaultSettings): Vault {
  const opened = new Map<string, string>();
  let ring: Promise<{ current: Key | null; all: Map<string, Key>; problem: VaultMisconfigured | null }> | null = null;
  // Read at the first use: a deployment without secrets needs no key.
  const keys = () => (ring ??= readKeys());
  const readKeys = async () => {
    const current = settings.masterKey === null ? null : await importKey(settings.masterKey);
    const old = await Promise.all(settings.oldMasterKeys.map(importKey));
    const known = [current, ...old].filter((key) => key !== null);
    const problem =
      current === null
        ? misconfigured("SLUICE_MASTER_KEY")
        : old.includes(null)
          ? misconfigured("Each key in SLUICE_MASTER_KEYS_OLD")
          : null;
    return { current, all: new Map(known.map((key) => [key.id, key])), problem };
  };

  /** Version and key id go in clear and are authenticated with the rest. */
  const associated = (keyId: string): Bytes => utf8(`v1.${keyId}`);

  const decrypt = async (sealed: string): Promise<Result<string, OpenFailure>> => {
    const [, keyId = "", payload = ""] = sealed.split(".");
    const key = (await keys()).all.get(keyId);
    if (key === undefined) return err({ reason: "key_unknown", name: keyId });
    const bytes = fromBase64(payload) ?? new Uint8Array();
    const algorithm = { name: "AES-GCM", iv: bytes.slice(0, NONCE_BYTES), additionalData: associated(keyId) };
    try {
      const plain = decodeUtf8(
        new Uint8Array(await crypto.subtle.decrypt(algorithm, key.key, bytes.slice(NONCE_BYTES))),
      );
      return plain === null ? err({ reason: "tampered", name: keyId }) : ok(plain);
    } catch {
      return err({ reason: "tampered", name: keyId });
    }
  };

  const vault: Vault = {
    async seal(plain) {
      const { current, problem } = await keys();
      if (problem !== null || current === null) return err(problem ?? misconfigured("SLUICE_MASTER_KEY"));
      const iv = settings.randomBytes(NONCE_BYTES);
      const algorithm = { name: "AES-GCM", iv, additionalData: associated(current.id) };
      const cipher = new Uint8Array(await crypto.subtle.encrypt(algorithm, current.key, utf8(plain)));
      return ok({ sealed: `v1.${current.id}.${toBase64Url(concatBytes([iv, cipher]))}` });
    },
    async open(stored) {
      if ("secret" in stored) {
        const value = settings.secretNamed(stored.secret);
        return value === null ? err({ reason: "secret_missing", name: stored.secret }) : ok(value);
      }
      const known = opened.get(stored.sealed);
      if (known !== undefined) return ok(known);
      const result = await decrypt(stored.sealed);
      if (result.ok) {
        if (opened.size >= MAX_CACHED_SECRETS) opened.delete(opened.keys().next().value ?? "");
        opened.set(stored.sealed, result.value);
      }
      return result;
    },
    async openSecrets(stored) {
      const results = await Promise.all(stored.map(vault.open));
      return results.map((result) => {
        if (!result.ok) throw new SecretUnavailable(result.error);
        return result.value;
      });
    },
    async currentKeyId() {
      const { current, problem } = await keys();
      return problem !== null || current === null ? err(problem ?? misconfigured("SLUICE_MASTER_KEY")) : ok(current.id);
    },
  };
  return vault;
}
