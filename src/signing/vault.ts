// Seals and opens secrets: AES-GCM-256 with keys derived from the deployment's master key, one per purpose. A secret that is sealed for one
// place does not open in another. No error and no log line contains a secret's value.
import { BoundedMap } from "../kernel/bounded-map.ts";
import { concatBytes, decodeUtf8, fromBase64, toBase64Url, toHex, utf8, type Bytes } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { StoredSecret } from "../model/secret.ts";

/** NIST SP 800-38D, section 8.2.2: a random nonce of 96 bits. */
const NONCE_BYTES = 12;
const KEY_BYTES = 32;
/** Opened secrets that an isolate keeps: more than a deployment uses at a time, and a few hundred kilobytes at most. */
export const MAX_CACHED_SECRETS = 1_000;

/** What is wrong with the deployment's keys, as a message for its operator. */
export interface VaultMisconfigured {
  readonly reason: "vault_misconfigured";
  readonly detail: string;
}

export type OpenFailure = {
  readonly reason: "key_unknown" | "tampered" | "secret_missing";
  /** The key's id or the secret's name. */
  readonly name: string;
};

/** A secret that cannot be opened now. The message contains no secret and may be logged. */
export class SecretUnavailable extends Error {
  override readonly name = "SecretUnavailable";
  readonly failure: OpenFailure;
  constructor(failure: OpenFailure) {
    super(`${failure.reason}: ${failure.name}`);
    this.failure = failure;
  }
}

/** Where a secret is stored. It is authenticated with the secret, so that a sealed value copied to another place does not open there. */
export interface SecretPlace {
  /** Each purpose has a key of its own. */
  readonly purpose: "config" | "oauth_token" | "answer";
  /** The id of the record. */
  readonly record: string;
  /** The field in it, without positions in a list: `verification/secrets`. */
  readonly field: string;
}

/** A secret of a source, destination or alert. @param field path in its spec, such as `auth/token` */
export const configPlace = (record: string, field: string): SecretPlace => ({ purpose: "config", record, field });

export interface Vault {
  seal(plain: string, place: SecretPlace): Promise<Result<{ readonly sealed: string }, VaultMisconfigured>>;
  open(stored: StoredSecret, place: SecretPlace): Promise<Result<string, OpenFailure>>;
  /** All of them, in order. Throws `SecretUnavailable` when one cannot be opened: a part of the secrets is not enough to verify with. */
  openSecrets(stored: readonly StoredSecret[], place: SecretPlace): Promise<string[]>;
  /** The id of the key that seals, or what is wrong with the keys. */
  currentKeyId(): Promise<Result<string, VaultMisconfigured>>;
}

export interface VaultSettings {
  /** Base64 of 32 bytes. */
  readonly masterKey: string | null;
  /** Earlier master keys, which still open but no longer seal. */
  readonly oldMasterKeys: readonly string[];
  readonly randomBytes: (length: number) => Bytes;
  /** The Worker's secrets by name. */
  readonly secretNamed: (name: string) => string | null;
}

/** One master key, and one way of sealing with it. */
interface Key {
  readonly id: string;
  readonly keyFor: (place: SecretPlace) => Promise<CryptoKey>;
  readonly associated: (place: SecretPlace) => Bytes;
}

const idFrom = async (bytes: Bytes): Promise<string> =>
  toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).slice(0, 8);

/** The master key itself, for every purpose and bound to no place: how earlier releases sealed. Opens only. */
async function unboundKey(bytes: Bytes): Promise<Key> {
  const id = await idFrom(bytes);
  const key = crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["decrypt"]);
  return { id, keyFor: () => key, associated: () => utf8(`v1.${id}`) };
}

/** A key per purpose (HKDF, RFC 5869), and the place as additional data. It has an id of its own, so that opening knows which way was used. */
async function boundKey(bytes: Bytes): Promise<Key> {
  const id = await idFrom(concatBytes([utf8("sluice bound secrets\n"), bytes]));
  const material = crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]);
  const derived = new Map<SecretPlace["purpose"], Promise<CryptoKey>>();
  const derive = async (purpose: SecretPlace["purpose"]): Promise<CryptoKey> =>
    crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8(`sluice secrets for ${purpose}`) },
      await material,
      { name: "AES-GCM", length: 256 },
      false,
      ["encrypt", "decrypt"],
    );
  return {
    id,
    keyFor: ({ purpose }) => {
      const known = derived.get(purpose) ?? derive(purpose);
      derived.set(purpose, known);
      return known;
    },
    associated: (place) => utf8(JSON.stringify(["v1", id, place.purpose, place.record, place.field])),
  };
}

/** Null when the text is not base64 of 32 bytes. */
const masterKey = (text: string): Bytes | null => {
  const bytes = fromBase64(text.trim());
  return bytes?.byteLength === KEY_BYTES ? bytes : null;
};

const misconfigured = (name: string): VaultMisconfigured => ({
  reason: "vault_misconfigured",
  detail: `${name} must be base64 of ${KEY_BYTES} bytes: openssl rand -base64 32`,
});

export function createVault(settings: VaultSettings): Vault {
  const opened = new BoundedMap<string, string>(MAX_CACHED_SECRETS);
  let ring: Promise<{ current: Key | null; all: Map<string, Key>; problem: VaultMisconfigured | null }> | null = null;
  // Read at the first use: a deployment without secrets needs no key.
  const keys = () => (ring ??= readKeys());
  const readKeys = async () => {
    const bytes = settings.masterKey === null ? null : masterKey(settings.masterKey);
    const old = settings.oldMasterKeys.map(masterKey);
    const current = bytes === null ? null : await boundKey(bytes);
    const masters = [bytes, ...old].filter((key) => key !== null);
    const known = await Promise.all(masters.flatMap((key) => [boundKey(key), unboundKey(key)]));
    const problem =
      current === null
        ? misconfigured("SLUICE_MASTER_KEY")
        : old.includes(null)
          ? misconfigured("Each key in SLUICE_MASTER_KEYS_OLD")
          : null;
    return { current, all: new Map(known.map((key) => [key.id, key])), problem };
  };

  const decrypt = async (sealed: string, place: SecretPlace): Promise<Result<string, OpenFailure>> => {
    const [, keyId = "", payload = ""] = sealed.split(".");
    const key = (await keys()).all.get(keyId);
    if (key === undefined) return err({ reason: "key_unknown", name: keyId });
    const bytes = fromBase64(payload) ?? new Uint8Array();
    const algorithm = { name: "AES-GCM", iv: bytes.slice(0, NONCE_BYTES), additionalData: key.associated(place) };
    try {
      const plain = decodeUtf8(
        new Uint8Array(await crypto.subtle.decrypt(algorithm, await key.keyFor(place), bytes.slice(NONCE_BYTES))),
      );
      return plain === null ? err({ reason: "tampered", name: keyId }) : ok(plain);
    } catch {
      return err({ reason: "tampered", name: keyId });
    }
  };

  const vault: Vault = {
    async seal(plain, place) {
      const { current, problem } = await keys();
      if (problem !== null || current === null) return err(problem ?? misconfigured("SLUICE_MASTER_KEY"));
      const iv = settings.randomBytes(NONCE_BYTES);
      const algorithm = { name: "AES-GCM", iv, additionalData: current.associated(place) };
      const cipher = new Uint8Array(await crypto.subtle.encrypt(algorithm, await current.keyFor(place), utf8(plain)));
      return ok({ sealed: `v1.${current.id}.${toBase64Url(concatBytes([iv, cipher]))}` });
    },
    async open(stored, place) {
      if ("secret" in stored) {
        const value = settings.secretNamed(stored.secret);
        return value === null ? err({ reason: "secret_missing", name: stored.secret }) : ok(value);
      }
      const cacheKey = JSON.stringify([stored.sealed, place.purpose, place.record, place.field]);
      const known = opened.get(cacheKey);
      if (known !== undefined) return ok(known);
      const result = await decrypt(stored.sealed, place);
      if (result.ok) opened.set(cacheKey, result.value);
      return result;
    },
    async openSecrets(stored, place) {
      const results = await Promise.all(stored.map((secret) => vault.open(secret, place)));
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
