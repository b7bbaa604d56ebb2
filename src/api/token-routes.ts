// API tokens: created and shown once, listed without their text, revoked. Also the audit log.
import type { Context, Hono } from "hono";
import * as z from "zod";
import { toBase64Url } from "../kernel/bytes.ts";
import { toInstant, toInstantOrNull } from "../kernel/clock.ts";
import { randomBytes } from "../kernel/random.ts";
import { AUDIT_KINDS } from "../model/audit.ts";
import { idTime, newTokenId } from "../model/ids.ts";
import { newTokenSchema, TOKEN_PREFIX } from "../model/token.ts";
import { audited } from "./management.ts";
import { tokenHash } from "./auth.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid, Problem } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import type { Named } from "./openapi/client-types.ts";
import { jsonBody, keyRange, pageAnswer, pageQuery } from "./query.ts";
import { listAllAudit, deleteToken, findToken, insertToken, listTokens, type TokenRow } from "../store/index.ts";

const TOKEN_BYTES = 32;

const tokenView = ({
  id,
  name,
  scope,
  created_at,
  created_by,
  expires_at,
  last_used_at,
}: TokenRow): Named<"Token"> => ({
  id,
  name,
  scope,
  created_at: toInstant(created_at),
  created_by,
  expires_at: toInstantOrNull(expires_at),
  last_used_at: toInstantOrNull(last_used_at),
});

async function createToken(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const input = parse(newTokenSchema, await jsonBody(c));
  const now = deps.now();
  const expires_at = input.expires_at === null ? null : Date.parse(input.expires_at);
  if (expires_at !== null && expires_at <= now) throw invalid("/expires_at", "has passed");
  const token = TOKEN_PREFIX + toBase64Url(randomBytes(TOKEN_BYTES));
  const row: TokenRow = {
    id: newTokenId(now),
    name: input.name,
    scope: input.scope,
    hash: await tokenHash(token),
    created_at: now,
    created_by: c.get("principal").id,
    expires_at,
    last_used_at: null,
  };
  const created = { action: "create", kind: "token", resource_id: row.id, resource_name: row.name } as const;
  await insertToken(deps.db, row, audited(c, now, created));
  c.set("confidential", true);
  return c.json<Named<"TokenWithText">>({ ...tokenView(row), token }, 201);
}

async function namedToken(c: Context<ApiEnv>, deps: ApiDeps): Promise<TokenRow> {
  const row = await findToken(deps.db, c.req.param("id") ?? "");
  if (row === null) throw new Problem("not_found", "There is no such token.");
  return row;
}

const kindSchema = z.enum(AUDIT_KINDS).optional();

async function readAudit(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const { limit, before } = pageQuery(c);
  const kind = parse(kindSchema, c.req.query("kind"), "/query/kind");
  const [actor, resource] = [c.req.query("actor"), c.req.query("resource")];
  const filter = {
    ...keyRange(c, "aud", before),
    ...(actor === undefined ? {} : { actor }),
    ...(kind === undefined ? {} : { kind }),
    ...(resource === undefined ? {} : { resource }),
  };
  const page = await listAllAudit(deps.databases(), filter, limit);
  const data = page.rows.map(({ id, ...entry }): Named<"AuditEntry"> => ({ id, at: toInstant(idTime(id)), ...entry }));
  return c.json(pageAnswer(c, data, page.next));
}

export function mountTokens(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/tokens", async (c) => {
    const { limit, before } = pageQuery(c);
    const rows = await listTokens(deps.db, limit + 1, before);
    const page = rows.slice(0, limit);
    return c.json(pageAnswer(c, page.map(tokenView), rows.length > limit ? (page.at(-1)?.id ?? null) : null));
  });
  app.post("/tokens", (c) => createToken(c, deps));
  app.get("/tokens/self", (c) => {
    const { expires_at, ...principal } = c.get("principal");
    return c.json<Named<"Principal">>({
      id: principal.id,
      name: principal.name,
      scope: principal.scope,
      expires_at: toInstantOrNull(expires_at),
    });
  });
  app.get("/tokens/:id", async (c) => c.json(tokenView(await namedToken(c, deps))));
  app.delete("/tokens/:id", async (c) => {
    const { id, name } = await namedToken(c, deps);
    const entry = { action: "delete", kind: "token", resource_id: id, resource_name: name } as const;
    await deleteToken(deps.db, id, audited(c, deps.now(), entry));
    return c.body(null, 204);
  });
  app.get("/audit", (c) => readAudit(c, deps));
}
