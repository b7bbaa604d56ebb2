// The contract of tokens, the audit log, and the deployment's settings.
import { AUDIT_ACTIONS, AUDIT_KINDS } from "../../model/audit.ts";
import { newTokenSchema, SCOPES } from "../../model/token.ts";
import { inputSchema } from "./derived.ts";
import { chapter } from "./operation.ts";
import { FROM, taking, TO } from "./parameters.ts";
import { decimal, flag, instant, list, nullable, number, object, oneOf, optional, say, text } from "./schema.ts";

const scope = oneOf(SCOPES);
const token = {
  id: text,
  name: text,
  scope,
  created_at: instant,
  created_by: text,
  expires_at: nullable(instant),
  last_used_at: nullable(instant),
};
const TOKEN = {
  id: "tok_01kaxh8e3m7v9q2r4t6w8y0a1b",
  name: "Deploy",
  scope: "write",
  created_at: "2026-11-24T09:00:00.000Z",
  created_by: "admin_token",
  expires_at: "2027-11-24T00:00:00.000Z",
  last_used_at: null,
} as const;

export const tokens = chapter({
  name: "Tokens and audit",
  description: "Who may do what, and who did what.",
  schemas: () => ({
    NewToken: optional(inputSchema(newTokenSchema), ["name", "scope"]),
    Token: object(token),
    TokenWithText: object({ ...token, token: say(text, "Only in this answer") }),
    Principal: object({ id: text, name: text, scope, expires_at: nullable(instant) }),
    AuditEntry: object({
      id: text,
      at: instant,
      actor: say(text, "A token's id, admin_token, or sluice"),
      actor_name: text,
      action: oneOf(AUDIT_ACTIONS),
      kind: oneOf(AUDIT_KINDS),
      resource_id: text,
      resource_name: nullable(text),
      changed: say(list(text), "JSON pointers to the fields that an update changed"),
      request_id: nullable(text),
    }),
  }),
  examples: {
    NewToken: { name: "Deploy", scope: "write", expires_at: "2027-11-24T00:00:00.000Z" },
    Token: TOKEN,
    TokenWithText: { ...TOKEN, token: `slc_${"x".repeat(43)}` },
    Principal: { id: "admin_token", name: "SLUICE_ADMIN_TOKEN", scope: "admin", expires_at: null },
    AuditEntry: {
      id: "aud_01kaxh8e3m7v9q2r4t6w8y0a1b",
      at: "2026-11-24T09:00:00.000Z",
      actor: "tok_01kaxh8e3m7v9q2r4t6w8y0a1b",
      actor_name: "Deploy",
      action: "update",
      kind: "destination",
      resource_id: "dst_01kaxh8e3m7v9q2r4t6w8y0a1b",
      resource_name: "orders",
      changed: ["/rate_limit/limit"],
      request_id: "5f0c4c0e-5d1a-4f7e-9a52-1f4f9c2f5a10",
    },
  },
  operations: {
    "GET /tokens": {
      id: "listTokens",
      summary: "List the API's tokens, newest first, without their text",
      answer: [200, "Token"],
      list: true,
    },
    "POST /tokens": {
      id: "createToken",
      summary: "Create a token. Its text is only in this answer",
      body: "NewToken",
      answer: [201, "TokenWithText"],
    },
    "GET /tokens/self": {
      id: "getOwnToken",
      summary: "The name and scope of this request's token",
      answer: [200, "Principal"],
    },
    "GET /tokens/{id}": { id: "getToken", summary: "Read a token", answer: [200, "Token"], problems: ["not_found"] },
    "DELETE /tokens/{id}": {
      id: "revokeToken",
      summary: "Revoke a token, with immediate effect",
      answer: [204, null],
      problems: ["not_found"],
    },
    "GET /audit": {
      id: "listAudit",
      summary: "Who changed what, when, newest first",
      answer: [200, "AuditEntry"],
      list: true,
      query: {
        actor: taking(text, "By this token: its id, or `admin_token`", "admin_token"),
        kind: taking(oneOf(AUDIT_KINDS), "Of this kind", "destination"),
        resource: taking(text, "Of the resource with this id", "dst_01kaxh8e3m7v9q2r4t6w8y0a1b"),
        from: FROM,
        to: TO,
      },
    },
  },
});

export const deployment = chapter({
  name: "Deployment",
  description: "The deployment's settings, and the keys that encrypt its secrets.",
  schemas: () => ({
    MasterKeys: object({
      current_key_id: nullable(text),
      data: list(object({ key_id: text, secrets: number })),
    }),
    Settings: object({
      retention_days: decimal,
      audit_retention_days: decimal,
      journal: oneOf(["fallback", "always"]),
      backpressure_share: decimal,
      allow_private: flag,
      allow_http: flag,
      public_origin: say(nullable(text), "Scheme and host of its sources' URLs. Null: as the client calls it"),
      hostnames: list(text),
      doh_urls: list(text),
      log_level: oneOf(["debug", "info", "silent"]),
      access: say(
        nullable(object({ team: nullable(text), scope: nullable(oneOf(SCOPES)), admins: number })),
        "Cloudflare Access, where it signs in the dashboard's viewers; null fields where it is misconfigured and refuses everyone",
      ),
      master_key: say(flag, "Whether it is set"),
    }),
  }),
  examples: {
    MasterKeys: { current_key_id: "0f3a9c21", data: [{ key_id: "0f3a9c21", secrets: 7 }] },
    Settings: {
      retention_days: 14,
      audit_retention_days: 90,
      journal: "fallback",
      backpressure_share: 0.6,
      allow_private: false,
      allow_http: false,
      public_origin: "https://hooks.example.com",
      hostnames: ["hooks.example.com"],
      doh_urls: ["https://cloudflare-dns.com/dns-query"],
      log_level: "info",
      access: { team: "https://yourteam.cloudflareaccess.com", scope: "read", admins: 1 },
      master_key: true,
    },
  },
  operations: {
    "GET /master-keys": {
      id: "listMasterKeys",
      summary: "Which master keys encrypt the stored secrets; a former key without secrets can be removed",
      answer: [200, "MasterKeys"],
    },
    "GET /live": {
      id: "watch",
      summary: "A WebSocket that says `changed` whenever something has been recorded, and nothing else",
      answer: [101, null],
      problems: ["upgrade_required", "unavailable"],
    },
    "GET /settings": {
      id: "getSettings",
      summary: "The values of the deployment's variables; of secrets only whether they are set",
      answer: [200, "Settings"],
    },
  },
});
