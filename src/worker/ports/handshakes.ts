// Puts vault, store and network behind the handshakes of providers. Wiring only.
import { CONFIRM_TIMEOUT_MS, LEARNED_SECRET_SECONDS } from "../../config/limits.ts";
import { answerHandshake, type HandshakePorts, type IngestPorts } from "../../ingest/index.ts";
import type { StoredSecret } from "../../model/secret.ts";
import { configPlace } from "../../signing/index.ts";
import type { Source } from "../../model/source.ts";
import type { Runtime } from "../runtime.ts";
import * as store from "../../store/index.ts";

const secretsOf = ({ verification }: Source): readonly StoredSecret[] =>
  "secrets" in verification ? (verification.secrets ?? []) : [];

type Behind = Pick<Runtime, "env" | "routes" | "vault" | "now">;

/** Recognizes and answers handshakes. */
export const handshakePort = (behind: Behind): IngestPorts["handshake"] => {
  const ports = handshakePorts(behind);
  return (head, body, source, verified) => answerHandshake(head, body, source, verified, ports);
};

function handshakePorts({ env, routes, vault, now }: Behind): HandshakePorts {
  return {
    openSecrets: (source) => vault.openSecrets(secretsOf(source), configPlace(source.id, "verification/secrets")),
    openVerifyToken: async ({ id, verification }) => {
      const token = "verify_token" in verification ? verification.verify_token : undefined;
      return token === undefined
        ? null
        : ((await vault.openSecrets([token], configPlace(id, "verification/verify_token")))[0] ?? null);
    },
    learn: async (source, secret) => {
      const sealed = await vault.seal(secret, configPlace(source.id, "verification/secrets"));
      if (!sealed.ok) throw new Error(sealed.error.detail);
      if (!(await store.learnSecret(env.DB, source.id, source.verification.type, sealed.value, now()))) return false;
      if (source.verification.type === "notion") {
        await env.ROUTES.put(learnedKey(source.id), sealed.value.sealed, { expirationTtl: LEARNED_SECRET_SECONDS });
      }
      await routes.publish([source.id], []);
      return true;
    },
    confirm: async (url) => {
      const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(CONFIRM_TIMEOUT_MS) });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the confirmation was answered ${response.status}`);
    },
  };
}

const learnedKey = (sourceId: string): string => `learned/${sourceId}`;

/** The secret that the user must repeat to the provider by hand; null when none has come recently. */
export async function learnedSecret({ env, vault }: Behind, sourceId: string): Promise<string | null> {
  const sealed = await env.ROUTES.get(learnedKey(sourceId));
  return sealed === null
    ? null
    : ((await vault.openSecrets([{ sealed }], configPlace(sourceId, "verification/secrets")))[0] ?? null);
}
