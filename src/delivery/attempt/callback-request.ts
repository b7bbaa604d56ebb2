// Signs a callback's request. For other requests, keeps the answer's bytes if a callback will need them.
import { MAX_CALLBACK_BODY_BYTES } from "../../config/limits.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { signStandardWebhooks } from "../../signing/index.ts";
import { wantsAnswer } from "../outcome/callback.ts";
import type { Sending, Unprepared } from "../types.ts";
import type { OutboundRequest } from "../../outbound/index.ts";

export interface CallbackPorts {
  /** The secrets that sign callbacks, each a `whsec_…`; empty when the deployment has none now. */
  readonly callbackSecrets: () => Promise<readonly string[]>;
}

export async function withCallback(
  request: OutboundRequest,
  { event, connection }: Sending,
  now: number,
  { callbackSecrets }: CallbackPorts,
): Promise<Result<OutboundRequest, Unprepared>> {
  if (event.options?.callback_of === undefined) {
    const wanted = wantsAnswer({ event, connection: connection ?? null });
    return ok(wanted ? { ...request, answerBytes: MAX_CALLBACK_BODY_BYTES } : request);
  }
  const secrets = await callbackSecrets();
  if (secrets.length === 0) return err({ kind: "put_off", by: "secret_unavailable", detail: "callback secret" });
  const signer = signStandardWebhooks(secrets, event.id, Math.floor(now / 1000));
  if (request.body?.kind === "inline") signer.update(request.body.bytes);
  const signed = await signer.finish();
  const names = new Set(signed.map(([name]) => name));
  return ok({ ...request, headers: [...request.headers.filter(([name]) => !names.has(name)), ...signed] });
}
