// Sessions of the dashboard: what a browser keeps between two requests, sealed with AES-GCM so that it can neither be read nor made up.
// Nothing is stored here; a session ends with its time, with its token, or with the key.
import { concatBytes, decodeUtf8, fromBase64, toBase64Url, toHex, utf8 } from "../kernel/bytes.ts";

interface Session {
  /** The API token that it was opened with. */
  readonly token: string;
  /** What every form of this session must carry. */
  readonly csrf: string;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
}

export interface Sessions {
  seal(session: Session): Promise<string>;
  /** Null for what is not ours, has been changed, or is over. */
  open(sealed: string, now: number): Promise<Session | null>;
  /** What every form must carry of a viewer who has no session here because somebody else signs in: bound to who that is. */
  csrfOf(viewer: string): Promise<string>;
}

/** NIST SP 800-38D, section 8.2.2: a random nonce of 96 bits. */
const NONCE_BYTES = 12;
const PURPOSE = utf8("sluice dashboard session v1");
const CSRF_PURPOSE = utf8("sluice dashboard forms v1");

/** @param secret of the deployment; a session outlives no change of it */
export function createSessions(secret: string, randomBytes: (length: number) => Uint8Array<ArrayBuffer>): Sessions {
  let imported: Promise<CryptoKey> | null = null;
  const key = (): Promise<CryptoKey> =>
    (imported ??= deriveKey(secret, PURPOSE, { name: "AES-GCM", length: 256 }, ["encrypt", "decrypt"]));
  let formKey: Promise<CryptoKey> | null = null;
  return {
    async seal(session) {
      const iv = randomBytes(NONCE_BYTES);
      const algorithm = { name: "AES-GCM", iv, additionalData: PURPOSE };
      const cipher = await crypto.subtle.encrypt(algorithm, await key(), utf8(JSON.stringify(session)));
      return toBase64Url(concatBytes([iv, new Uint8Array(cipher)]));
    },
    async open(sealed, now) {
      const bytes = fromBase64(sealed);
      if (bytes === null || bytes.byteLength <= NONCE_BYTES) return null;
      const algorithm = { name: "AES-GCM", iv: bytes.slice(0, NONCE_BYTES), additionalData: PURPOSE };
      try {
        const plain = await crypto.subtle.decrypt(algorithm, await key(), bytes.slice(NONCE_BYTES));
        const session = JSON.parse(decodeUtf8(new Uint8Array(plain)) ?? "") as Session;
        return session.expires_at > now ? session : null;
      } catch {
        return null;
      }
    },
    async csrfOf(viewer) {
      formKey ??= deriveKey(secret, CSRF_PURPOSE, { name: "HMAC", hash: "SHA-256", length: 256 }, ["sign"]);
      return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", await formKey, utf8(viewer))));
    },
  };
}

async function deriveKey(
  secret: string,
  info: Uint8Array<ArrayBuffer>,
  algorithm: { name: string; hash?: string; length: number },
  usages: string[],
): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", utf8(secret), "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    material,
    algorithm,
    false,
    usages,
  );
}
