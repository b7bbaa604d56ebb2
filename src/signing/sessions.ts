// Dashboard sessions: the browser keeps an encrypted JWT that it can neither read nor forge. A session ends when it expires, when its token is
// revoked, or when the key changes. Signing out is up to the caller, which records the session's id.
import { createHmac, hkdfSync } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";

export interface Session {
  /** Random; identifies the session when it is signed out. */
  readonly id: string;
  /** The API token that the user signed in with. */
  readonly token: string;
  /** Must be in every form of this session. */
  readonly csrf: string;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
}

export interface Sessions {
  seal(session: Session): Promise<string>;
  /** Null when it was not sealed here, was changed, or has expired. */
  open(sealed: string, now: number): Promise<Session | null>;
  /** The CSRF token of a user without such a session, whom Cloudflare Access has signed in. */
  csrfFor(viewer: string): Promise<string>;
}

const HEADER = { alg: "dir", enc: "A256GCM" };

/** @param secret of the deployment; when it changes, all sessions end */
export function createSessions(secret: string): Sessions {
  const derive = (purpose: string): Uint8Array => new Uint8Array(hkdfSync("sha256", secret, "", purpose, 32));
  let derived: Uint8Array | undefined;
  const key = (): Uint8Array => (derived ??= derive("sluice dashboard session v2"));
  return {
    seal: (session) => new EncryptJWT({ ...session }).setProtectedHeader(HEADER).encrypt(key()),
    async open(sealed, now) {
      const algorithms = { keyManagementAlgorithms: [HEADER.alg], contentEncryptionAlgorithms: [HEADER.enc] };
      try {
        const { payload } = await jwtDecrypt<Session>(sealed, key(), algorithms);
        return typeof payload.id === "string" && payload.expires_at > now ? payload : null;
      } catch {
        return null;
      }
    },
    csrfFor: async (viewer) => createHmac("sha256", derive("sluice dashboard forms v1")).update(viewer).digest("hex"),
  };
}
