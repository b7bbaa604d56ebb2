// The contract of alerts: what to watch for, and whom to tell.
import { alertSpecSchema } from "../../model/alert.ts";
import { answerSchema, alertInput, inputSchema } from "./secrets.ts";
import { flag, instant, nullable, number, object, optional, text, type Json } from "./schema.ts";
import { chapter } from "./operation.ts";

const alert = (): Record<string, Json> => ({
  id: text,
  ...((answerSchema(inputSchema(alertSpecSchema)) as Json)["properties"] as Record<string, Json>),
  source_slug: nullable(text),
  destination_slug: nullable(text),
  state: { enum: ["ok", "firing"] },
  since: nullable(instant),
  value: nullable({ type: "number" }),
  last_sent_at: nullable(instant),
  last_error: nullable(text),
  unsent: nullable(
    object({
      kind: { enum: ["opened", "repeated", "resolved"] },
      decided_at: instant,
      attempts: number,
      next_attempt_at: instant,
    }),
  ),
  created_at: instant,
  updated_at: instant,
});

export const alerts = chapter({
  name: "Alerts",
  description: "Rules over what goes wrong, and whom they tell.",
  schemas: () => ({
    NewAlert: optional(alertInput(alertSpecSchema), ["name", "rule", "target"]),
    AlertChange: optional(alertInput(alertSpecSchema)),
    Alert: object(alert()),
    AlertTest: object({ delivered: flag, response_status: nullable(number), error: nullable(text) }),
  }),
  operations: {
    "GET /alerts": { summary: "List alerts, newest first", answer: [200, "Alert"], list: true },
    "POST /alerts": {
      summary: "Create an alert: what to watch for, and whom to tell",
      body: "NewAlert",
      answer: [201, "Alert"],
      problems: ["invalid", "malformed_json"],
    },
    "GET /alerts/{id}": { summary: "Read an alert and how it stands", answer: [200, "Alert"], problems: ["not_found"] },
    "PATCH /alerts/{id}": {
      summary: "Change the fields given; a rule and a target are given whole",
      body: "AlertChange",
      answer: [200, "Alert"],
      problems: ["invalid", "malformed_json", "not_found", "conflict"],
    },
    "DELETE /alerts/{id}": { summary: "Delete an alert", answer: [204, null], problems: ["not_found"] },
    "POST /alerts/{id}/test": {
      summary: "Send a sample to where the alert would go",
      answer: [200, "AlertTest"],
      problems: ["not_found"],
    },
  },
});
