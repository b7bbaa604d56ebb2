// Tokens of the API: made with a scope and shown once, revoked at once.
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

/** What each scope stands for. */
export const MAY: Readonly<Record<Scope, string>> = {
  read: "look",
  write: "look and change",
  admin: "do everything",
};

const FORM: FormSpec = {
  fields: [
    { path: "name", label: "Name", kind: "text", required: true, hint: "Who or what will use it." },
    {
      path: "scope",
      label: "May",
      kind: "select",
      options: SCOPES.map((scope) => [scope, MAY[scope]]),
      initial: "read",
    },
    {
      path: "expires_at",
      label: "Until",
      kind: "text",
      placeholder: "2027-01-01T00:00:00Z",
      hint: "Empty: until it is revoked.",
    },
  ],
};

const ASK = "Revoke this token? Whoever uses it is shut out at once, sessions of this dashboard among them.";

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
            Programs use the API with a token, and so do people where they sign in with one. Make one for each, with the
            scope that it needs.
          </p>
        </Empty>
      ) : (
        <Table
          label="Tokens"
          head={["Name", "Scope", "Last used", "Made", "State", ""]}
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
          Make the token
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
    { title: "The new token", room: "settings", trail: [["Tokens", "/settings/tokens"]] },
    <div class="card narrow">
      <p>
        {answer.data.name} may {answer.data.scope}. It is shown this once.
      </p>
      <Copyable label="the token" text={answer.data.token} />
      <a class="button primary" href="/settings/tokens">
        I have copied it
      </a>
    </div>,
  );
}

async function revoke(c: Ctx): Promise<Response> {
  const asked = await confirmed(c, {
    title: "Revoke the token?",
    text: ASK,
    label: "Revoke it",
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
