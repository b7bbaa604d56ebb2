// Sends one notice directly to its target, without a queue, a gate or a destination. Never throws. Its errors contain no addresses or keys.
import { ALERT_TIMEOUT_MS, MAX_ALERT_URL_LENGTH } from "../config/limits.ts";
import { utf8 } from "../kernel/bytes.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import type { Clock } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { defaultUrl, type Notice } from "../model/alert.ts";
import { configPlace, signStandardWebhooks, type Vault } from "../signing/index.ts";
import { notificationBody, type NotifiedAlert } from "./bodies.ts";
import { checkUrl, type Sender, type UrlPorts } from "../outbound/index.ts";

export interface NotifyPorts {
  readonly now: Clock;
  readonly send: Sender;
  readonly urls: UrlPorts;
  /** Throws when a secret cannot be opened. */
  readonly openSecrets: Vault["openSecrets"];
  /** Scheme and host of the dashboard, for links to issues; null where it is not configured. */
  readonly origin: string | null;
  /** Sign webhooks, as they sign callbacks. */
  readonly callbackSecrets: () => Promise<readonly string[]>;
}

/** Why it was not sent: `http_500`, an error code of deliveries, or what is missing. */
export type NotifyFailure = string;

export async function notify(
  alert: NotifiedAlert,
  notice: Notice,
  ports: NotifyPorts,
): Promise<Result<number, NotifyFailure>> {
  const { target } = alert.spec;
  let url: string;
  let routingKey: string;
  try {
    const stored = target.url === undefined ? [] : [target.url];
    [url = defaultUrl(target) ?? ""] = await ports.openSecrets(stored, configPlace(alert.id, "target/url"));
    [routingKey = ""] = await ports.openSecrets(
      target.type === "pagerduty" ? [target.routing_key] : [],
      configPlace(alert.id, "target/routing_key"),
    );
  } catch {
    return err("secret_unavailable");
  }
  const safe = url.length > MAX_ALERT_URL_LENGTH ? null : await checkUrl(url, ports.urls);
  if (safe === null || !safe.ok) return err(safe === null ? "blocked_address" : safe.error.code);
  const body = utf8(JSON.stringify(notificationBody(target.type, alert, notice, routingKey, ports.origin)));
  const signed = target.type === "webhook" ? await signature(notice.id, body, ports) : [];
  if (signed === null) return err("callback_secret_missing");
  const answer = await ports.send({
    url: safe.value.href,
    method: "POST",
    headers: [["content-type", "application/json"], ["user-agent", "Sluice"], ...signed],
    body: { kind: "inline", bytes: body },
    bodyBytes: body.byteLength,
    timeoutMs: ALERT_TIMEOUT_MS,
  });
  if (answer.error === null && answer.status !== null) return ok(answer.status);
  return err(answer.error === "http_status" ? `http_${answer.status}` : (answer.error ?? "network"));
}

async function signature(id: string, body: Uint8Array, { callbackSecrets, now }: NotifyPorts) {
  const secrets = await callbackSecrets();
  if (secrets.length === 0) return null;
  const signer = signStandardWebhooks(secrets, id, Math.floor(now() / SECOND_MS));
  signer.update(body);
  return signer.finish();
}
