// The contract of tokens, the audit log, master keys and settings.
import { AUDIT_ACTIONS, AUDIT_KINDS } from "../../model/audit.ts";
import { newTokenSchema, SCOPES } from "../../model/token.ts";
import { inputSchema as input } from "./secrets.ts";
import { instant, nullable, number, object, optional, text } from "./schema.ts";
import { chapter } from "./operation.ts";

const token = {
  id: text,
  name: text,
  scope: { enum: [...SCOPES] },
  created_at: instant,
  created_by: text,
  expires_at: nullable(instant),
  last_used_at: nullable(instant),
};
const auditEntry = {
  id: text,
  at: instant,
  actor: text,
  actor_name: text,
  action: { enum: [...AUDIT_ACTIONS] },
  kind: { enum: [...AUDIT_KINDS] },
  resource_id: text,
  resource_name: nullable(text),
  changed: { type: "array", items: text },
  request_id: nullable(text),
};

export const administration = chapter({
  name: "Administration",
  description: "Tokens, who changed what, master keys, settings.",
  schemas: () => ({
    NewToken: optional(input(newTokenSchema), ["name", "scope"]),
    Token: object(token),
    TokenWithText: object({ ...token, token: text }),
    Principal: object({ id: text, name: text, scope: token.scope, expires_at: nullable(instant) }),
    AuditEntry: object(auditEntry),
    MasterKeys: object({
      current_key_id: nullable(text),
      data: { type: "array", items: object({ key_id: text, secrets: number }) },
    }),
    Settings: object({
      retention_days: { type: "number" },
      audit_retention_days: { type: "number" },
      journal: { enum: ["fallback", "always"] },
      backpressure_share: { type: "number" },
      allow_private: { type: "boolean" },
      allow_http: { type: "boolean" },
      hostnames: { type: "array", items: text },
      doh_urls: { type: "array", items: text },
      log_level: { enum: ["debug", "info", "silent"] },
      master_key: { type: "boolean" },
    }),
  }),
  operations: {
    "GET /tokens": {
      summary: "List the API's tokens, newest first, without their text",
      answer: [200, "Token"],
      list: true,
    },
    "POST /tokens": {
      summary: "Make a token. Its text is in this answer and nowhere else",
      body: "NewToken",
      answer: [201, "TokenWithText"],
      problems: ["invalid", "malformed_json"],
    },
    "GET /tokens/self": { summary: "Whom this request's token belongs to, and its scope", answer: [200, "Principal"] },
    "GET /tokens/{id}": { summary: "Read a token", answer: [200, "Token"], problems: ["not_found"] },
    "DELETE /tokens/{id}": {
      summary: "Revoke a token: it is refused from the next request on",
      answer: [204, null],
      problems: ["not_found"],
    },
    "GET /audit": {
      summary: "Who changed what, when, newest first",
      answer: [200, "AuditEntry"],
      list: true,
      query: ["actor", "kind", "resource", "from", "to"],
    },
    "GET /master-keys": {
      summary: "Which master keys the stored secrets are sealed with: a former key without secrets may go",
      answer: [200, "MasterKeys"],
    },
    "GET /settings": {
      summary: "What the deployment's variables are set to; of secrets only whether they are there",
      answer: [200, "Settings"],
    },
  },
});
