// The contract of alerts: what to watch for, and whom to notify.
import { alertSpecSchema } from "../../model/alert.ts";
import { chapter } from "./operation.ts";
import { changed, created, kept } from "./record-forms.ts";
import { decimal, flag, instant, nullable, number, object, oneOf, text } from "./schema.ts";

export const alerts = chapter({
  name: "Alerts",
  description: "What to watch for, and whom to notify.",
  schemas: () => ({
    NewAlert: created(alertSpecSchema, ["name", "rule", "target"]),
    AlertChange: changed(alertSpecSchema),
    Alert: kept(alertSpecSchema, {
      source_slug: nullable(text),
      destination_slug: nullable(text),
      state: oneOf(["ok", "firing"]),
      since: nullable(instant),
      value: nullable(decimal),
      last_sent_at: nullable(instant),
      last_error: nullable(text),
      unsent: nullable(
        object({
          kind: oneOf(["opened", "repeated", "resolved"]),
          decided_at: instant,
          attempts: number,
          next_attempt_at: instant,
        }),
      ),
    }),
    AlertTest: object({ delivered: flag, response_status: nullable(number), error: nullable(text) }),
  }),
  examples: {
    NewAlert: {
      name: "Orders die",
      rule: { type: "dead_letters", threshold: 10, window_seconds: 3_600 },
      destination: "orders",
      target: { type: "slack", url: "https://hooks.slack.com/services/T0/B0/secret" },
    },
    AlertChange: { severity: "critical", repeat_minutes: 30 },
    Alert: {
      id: "alr_01kaxh8e3m7v9q2r4t6w8y0a1b",
      name: "Orders die",
      enabled: true,
      severity: "error",
      rule: { type: "dead_letters", threshold: 10, window_seconds: 3_600 },
      source: null,
      destination: "dst_01kaxh8e3m7v9q2r4t6w8y0a1b",
      for_seconds: 0,
      resolve_after_seconds: 120,
      repeat_minutes: 60,
      target: { type: "slack", host: "hooks.slack.com", secrets_set: { url: "sealed" } },
      source_slug: null,
      destination_slug: "orders",
      state: "firing",
      since: "2026-11-24T09:00:00.000Z",
      value: 12,
      last_sent_at: "2026-11-24T09:00:01.000Z",
      last_error: null,
      unsent: null,
      created_at: "2026-11-23T09:00:00.000Z",
      updated_at: "2026-11-23T09:00:00.000Z",
    },
    AlertTest: { delivered: true, response_status: 200, error: null },
  },
  operations: {
    "GET /alerts": { id: "listAlerts", summary: "List alerts, newest first", answer: [200, "Alert"], list: true },
    "POST /alerts": {
      id: "createAlert",
      summary: "Create an alert: what to watch for, and whom to notify",
      body: "NewAlert",
      bodyExamples: {
        circuit: {
          name: "A circuit opens",
          rule: { type: "circuit_open" },
          target: { type: "pagerduty", routing_key: { secret: "PAGERDUTY_KEY" } },
        },
      },
      answer: [201, "Alert"],
    },
    "GET /alerts/{id}": {
      id: "getAlert",
      summary: "Read an alert and its state",
      answer: [200, "Alert"],
      problems: ["not_found"],
    },
    "PATCH /alerts/{id}": {
      id: "updateAlert",
      summary: "Change the fields given; a rule or a target is replaced as a whole",
      description: "A `target` of the same type keeps stored secrets that are not given.",
      body: "AlertChange",
      answer: [200, "Alert"],
      problems: ["not_found", "conflict"],
    },
    "DELETE /alerts/{id}": {
      id: "deleteAlert",
      summary: "Delete an alert",
      answer: [204, null],
      problems: ["not_found"],
    },
    "POST /alerts/{id}/test": {
      id: "testAlert",
      summary: "Send a test notice to the alert's target",
      answer: [200, "AlertTest"],
      problems: ["not_found"],
    },
  },
});
