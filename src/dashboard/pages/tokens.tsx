// API tokens: created with a scope and shown once; revoking takes effect immediately.
import type { Hono } from "hono";
import { SCOPES, type Scope } from "../../model/token.ts";
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { confirmed, DangerButton } from "../components/confirm.tsx";
import { Copyable, Empty } from "../components/empty.tsx";
import { ProblemNotice } from "../components/fields.tsx";
import { Inert } from "../components/inert.tsx";
import { Pager } from "../components/pager.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { FormFields } from "../forms/form-fields.tsx";
import type { FormSpec, FormValues } from "../forms/form-spec.ts";
import { initialValues } from "../forms/form-values.ts";
import { readForm, submit } from "../forms/submit.ts";
import { Csrf, page } from "../layout.tsx";
import type { List, Token } from "../shapes.ts";
import { settingsPage } from "./settings-page.tsx";

/** Labels of the scopes. */
export const SCOPE_LABELS: Readonly<Record<Scope, string>> = {
  read: "read",
  write: "read and write",
  admin: "admin (everything)",
};

const FORM: FormSpec = {
  fields: [
    { path: "name", label: "Name", kind: "text", required: true, hint: "Who or what uses it." },
    {
      path: "scope",
      label: "Scope",
      kind: "select",
      options: SCOPES.map((scope) => [scope, SCOPE_LABELS[scope]]),
      initial: "read",
    },
    {
      path: "expires_at",
      label: "Expires at",
      kind: "text",
      placeholder: "2027-01-01T00:00:00Z",
      hint: "Empty: never.",
    },
  ],
};

const ASK = "Revoke this token? Requests with it are refused immediately, and dashboard sessions that use it end.";

async function list(
  c: Ctx,
  values: FormValues = initialValues(FORM),
  problem: ProblemBody | null = null,
): Promise<Response> {
  const answer = await c.get("api").send<List<Token>>("GET", "/tokens", undefined, { cursor: c.req.query("cursor") });
  if (!answer.ok)
    return settingsPage(c, "/settings/tokens", <ProblemNotice problem={answer.problem} />, answer.problem);
  const tokens = answer.data;
  return settingsPage(
    c,
    "/settings/tokens",
    <>
      {tokens.data.length === 0 ? (
        <Empty title="No tokens yet">
          <p>
            Programs use a token for the API, and people can sign in to the dashboard with one. Create a separate token
            for each, with the smallest scope that it needs.
          </p>
        </Empty>
      ) : (
        <Table
          label="Tokens"
          head={["Name", "Scope", "Last used", "Created", "State", ""]}
          rows={tokens.data.map((token) => ({
            id: token.id,
            cells: [
              <Inert text={token.name} max={128} />,
              token.scope,
              token.last_used_at === null ? "never" : <Time at={token.last_used_at} />,
              <Time at={token.created_at} />,
              <Badge
                status={
                  token.expires_at !== null && Date.parse(token.expires_at) <= c.get("now") ? "expired" : "active"
                }
              />,
              <DangerButton
                c={c}
                action={`/settings/tokens/${token.id}/revoke`}
                label="Revoke"
                what={token.name}
                ask={ASK}
              />,
            ],
          }))}
        />
      )}
      <Pager c={c} next={tokens.next_cursor} shown={tokens.data.length} what="tokens" />
      <form class="card narrow" method="post" action="/settings/tokens">
        <h2>New token</h2>
        <Csrf c={c} />
        <ProblemNotice problem={problem} />
        <FormFields fields={FORM.fields} values={values} problem={problem} />
        <button class="button primary" type="submit">
          Create token
        </button>
      </form>
    </>,
    problem,
  );
}

async function create(c: Ctx): Promise<Response> {
  const values = await readForm(c);
  const answer = await submit<Token & { token: string }>(c, "/tokens", FORM, values, null);
  if (!answer.ok) return list(c, values, answer.problem);
  return page(
    c,
    { title: "New token", room: "settings", trail: [["Tokens", "/settings/tokens"]] },
    <div class="card narrow">
      <p>
        {answer.data.name}, scope {answer.data.scope}. The token is shown only once.
      </p>
      <Copyable label="token" text={answer.data.token} />
      <a class="button primary" href="/settings/tokens">
        I have copied it
      </a>
    </div>,
  );
}

async function revoke(c: Ctx): Promise<Response> {
  const asked = await confirmed(c, {
    title: "Revoke token?",
    text: ASK,
    label: "Revoke",
    back: "/settings/tokens",
    room: "settings",
  });
  if (asked !== null) return asked;
  const answer = await c.get("api").send("DELETE", `/tokens/${encodeURIComponent(c.req.param("id") ?? "")}`);
  return answer.ok ? c.redirect("/settings/tokens?done=revoked", 303) : list(c, initialValues(FORM), answer.problem);
}

export function mountTokens(app: Hono<DashEnv>): void {
  app.get("/settings/tokens", (c) => list(c));
  app.post("/settings/tokens", (c) => create(c));
  app.post("/settings/tokens/:id/revoke", (c) => revoke(c));
}
