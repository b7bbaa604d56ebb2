// Sessions of the dashboard: what a browser keeps between two requests, an encrypted JWT that it can neither read nor forge.
// Nothing is stored here; a session ends with its time, with its token, or with the key.
import { createHmac, hkdfSync } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";

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
  /** Null for a text that was not sealed here, has been changed, or is over. */
  open(sealed: string, now: number): Promise<Session | null>;
  /** The CSRF token for a viewer without a session here, whom Cloudflare Access has signed in: bound to the viewer's id. */
  csrfOf(viewer: string): Promise<string>;
}

const HEADER = { alg: "dir", enc: "A256GCM" };

/** @param secret of the deployment; a session outlives no change of it */
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
        return payload.expires_at > now ? payload : null;
      } catch {
        return null;
      }
    },
    csrfOf: async (viewer) => createHmac("sha256", derive("sluice dashboard forms v1")).update(viewer).digest("hex"),
  };
}
