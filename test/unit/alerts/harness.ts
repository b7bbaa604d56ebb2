// Alerts without D1: the test controls the readings, the clock and the receiver.
import { watchAlerts, type WatchPorts } from "../../../src/alerts/index.ts";
import { alertSpecSchema, NEW_ALERT_STATE, type Alert, type Reading } from "../../../src/model/alert.ts";
import type { OutboundRequest } from "../../../src/outbound/types.ts";

export const MINUTE_MS = 60_000;
export const SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0IQ==";

export const specOf = (change: Record<string, unknown> = {}) =>
  alertSpecSchema.parse({
    name: "Orders",
    rule: { type: "dead_letters" },
    target: { type: "webhook", url: { secret: "HOOK" }, host: "ops.example.com" },
    ...change,
  });

export interface NotifiedAlert {
  /** Minutes since the start. */
  readonly at: number;
  readonly id: string;
  readonly body: Record<string, unknown>;
  readonly request: OutboundRequest;
}

/** @param reading the measurement in the given minute */
export function createWatch(change: Record<string, unknown>, reading: (minute: number) => Reading) {
  const start = Date.UTC(2026, 10, 24);
  let time = start;
  let alert: Alert = { id: "alr_1", spec: specOf(change), state: NEW_ALERT_STATE, revision: 0 };
  const sent: NotifiedAlert[] = [];
  const logged: string[] = [];
  let answer = (_request: OutboundRequest): { status: number | null; error: string | null } => ({
    status: 200,
    error: null,
  });
  const ports: WatchPorts = {
    now: () => time,
    log: {
      debug: () => undefined,
      info: () => undefined,
      error: (message, fields) => void logged.push(JSON.stringify([message, fields])),
    },
    list: async () => [alert],
    measure: async (specs) => specs.map(() => reading((time - start) / MINUTE_MS)),
    origin: "https://sluice.test",
    latestIssues: async () => new Map([["orders", `iss_${"0".repeat(26)}_status_500`]]),
    save: async (from, state) => {
      if (from.revision !== alert.revision) return null;
      alert = { ...alert, state, revision: alert.revision + 1 };
      return alert;
    },
    openSecrets: async (stored) =>
      stored.map((secret) =>
        "secret" in secret && secret.secret === "KEY" ? "routing-key" : "https://ops.example.com/hook",
      ),
    callbackSecrets: async () => [SECRET],
    urls: { allowPrivate: false, resolve: null },
    send: async (request) => {
      const { status, error } = answer(request);
      const header = Object.fromEntries(request.headers)["webhook-id"] ?? "";
      const text = request.body?.kind === "inline" ? new TextDecoder().decode(request.body.bytes) : "";
      sent.push({
        at: (time - start) / MINUTE_MS,
        id: header,
        body: JSON.parse(text) as Record<string, unknown>,
        request,
      });
      return { status, headers: {}, error, excerpt: "", durationMs: 1 } as Awaited<ReturnType<WatchPorts["send"]>>;
    },
  };
  return {
    ports,
    sent,
    logged,
    alert: () => alert,
    change: (spec: Record<string, unknown>) => void (alert = { ...alert, spec: specOf({ ...change, ...spec }) }),
    onSend: (next: typeof answer) => void (answer = next),
    /** One check per minute, up to the given minute. */
    async until(minute: number, more: Partial<WatchPorts> = {}) {
      while ((time - start) / MINUTE_MS <= minute) {
        await watchAlerts({ ...ports, ...more });
        time += MINUTE_MS;
      }
    },
  };
}

export const kinds = (sent: readonly NotifiedAlert[]) =>
  sent.map(({ at, body }) => [at, String(body["type"]).replace("alert.", "")]);
