// Sources: the list, one source with its setup, and the form that creates or edits one.
import type { Hono } from "hono";
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { ActionButton, confirmed, DangerButton } from "../components/confirm.tsx";
import { Copyable, Empty } from "../components/empty.tsx";
import { ProblemNotice } from "../components/fields.tsx";
import { Search, searched } from "../components/filters.tsx";
import { Inert } from "../components/inert.tsx";
import { count } from "../components/number.ts";
import { Pager } from "../components/pager.tsx";
import { shellQuote } from "../components/shell-quote.ts";
import { Table } from "../components/table.tsx";
import { TrySource } from "../components/try-source.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { backToConnection, keptQuery } from "../forms/for-connection.ts";
import type { FormValues } from "../forms/form-spec.ts";
import { initialValues, storedValues } from "../forms/form-values.ts";
import { ResourceForm } from "../forms/resource-form.tsx";
import { checkQuery, isVerificationType, providerName, sourceForm, sourceGroups } from "../forms/source-form.ts";
import { readForm, submit } from "../forms/submit.ts";
import { page } from "../layout.tsx";
import type { ConnectionShape, List, Rejections, SourceShape } from "../shapes.ts";
import { LinkedConnections } from "./linked-connections.tsx";
import { SourceSettings } from "./source-settings.tsx";
import { Refused } from "./refused.tsx";
import { SetupHint } from "./setup-hint.tsx";

async function list(c: Ctx): Promise<Response> {
  const search = searched(c);
  const sources = await c.get("api").get<List<SourceShape>>("/sources", {
    search,
    cursor: c.req.query("cursor"),
    order: "health",
    expand: "health",
  });
  const rows = sources.data.map((source) => ({
    id: source.id,
    cells: [
      <a href={`/sources/${source.id}`}>
        <Inert text={source.name} max={128} />
      </a>,
      <code class="line">{source.url}</code>,
      providerName(source.verification.type),
      source.dedupe === null ? <span class="muted">off</span> : <Inert text={source.dedupe.key} max={64} />,
      <Badge status={source.health ?? "unknown"} />,
      (source.last_day?.refused ?? 0) === 0 ? (
        "0"
      ) : (
        <a href={`/refused?source=${source.slug}`}>
          {count(source.last_day?.refused)}
          <span class="visually-hidden"> refused by {source.name}</span>
        </a>
      ),
    ],
  }));
  const first = rows.length === 0 && c.req.query("cursor") === undefined && search === "";
  return page(
    c,
    {
      title: "Sources",
      room: "sources",
      actions: (
        <a class="button primary" href="/sources/new">
          New source
        </a>
      ),
    },
    first ? (
      <Empty title="No sources yet">
        <p>
          A source is a URL for one sender, such as Stripe or GitHub. The guide makes it, and connects it.{" "}
          <a href="/sources/new">Or create it alone</a>.
        </p>
        <p>
          <a class="button primary" href="/connect">
            Connect a provider
          </a>
        </p>
        <p>Or with the API:</p>
        <Copyable
          label="command that creates a source"
          text={`curl -g ${shellQuote(`${new URL(c.req.url).origin}/api/v1/sources`)} -H "authorization: Bearer $SLUICE_ADMIN_TOKEN" -d '{"name": "My shop"}'`}
        />
      </Empty>
    ) : (
      <>
        <Search c={c} />
        <Table
          label="Sources"
          head={["Name", "URL", "Verification", "Deduplication", "State", "Refused in 24 h"]}
          rows={rows}
          numeric={[5]}
        />
        {rows.length === 0 && sources.next_cursor === null && <p class="muted">No matching sources.</p>}
        <Pager c={c} next={sources.next_cursor} shown={rows.length} what="sources" ordered />
      </>
    ),
  );
}

const nameOf = (c: Ctx): string => encodeURIComponent(c.req.param("id") ?? "");

async function show(c: Ctx, problem: ProblemBody | null = null): Promise<Response> {
  const api = c.get("api");
  const source = await api.get<SourceShape>(`/sources/${nameOf(c)}`, { expand: "health" });
  const [connections, rejections] = await Promise.all([
    api.get<List<ConnectionShape>>("/connections", { source: source.id }),
    api.find<Rejections>("/rejections", { source: source.id }),
  ]);
  const here = `/sources/${source.id}`;
  return page(
    c,
    {
      title: source.name,
      room: "sources",
      trail: [["Sources", "/sources"]],
      actions: (
        <>
          <ActionButton c={c} action={`${here}/test`} label="Send test event" />
          <ActionButton
            c={c}
            action={`${here}/${source.enabled ? "disable" : "enable"}`}
            label={source.enabled ? "Disable" : "Enable"}
          />
          <a class="button" href={`${here}/edit`}>
            Edit
          </a>
          <DangerButton c={c} action={`${here}/delete`} label="Delete" what={source.name} ask={ASK_DELETE} />
        </>
      ),
    },
    <>
      <ProblemNotice problem={problem} />
      {source.awaiting_secret && (
        <p class="notice warn">
          <span>
            This source waits for its secret and refuses every request meanwhile.{" "}
            <a href={`/sources/${source.id}/edit`}>Enter the secret</a>
          </span>
        </p>
      )}
      <div class="columns">
        <section class="card">
          <h2>Webhook URL</h2>
          <Copyable label="webhook URL" text={source.url} />
          <SetupHint type={source.verification.type} source={source} c={c} />
          <h3>Try it</h3>
          <TrySource source={source} isHere />
        </section>
        <SourceSettings of={source} />
      </div>
      <LinkedConnections of={connections} end="source" record={source} />
      {rejections !== null && <Refused of={rejections} source={source} />}
    </>,
    problem === null ? 200 : 422,
  );
}

const ASK_DELETE =
  "Delete this source? Its URL will respond with 404, its connections are deleted, and waiting deliveries of its events are cancelled.";

/** The type that a form or a link names, where there is such a type. */
function typeOf(values: FormValues): string {
  const given = values["verification/type"]?.[0] ?? "none";
  return isVerificationType(given) ? given : "none";
}

function form(
  c: Ctx,
  source: SourceShape | null,
  values: FormValues,
  problem: ProblemBody | null,
): Response | Promise<Response> {
  const type = typeOf(values);
  const back = source === null ? "/sources" : `/sources/${source.id}`;
  return page(
    c,
    {
      title: source === null ? "New source" : `Edit ${source.name}`,
      room: "sources",
      trail: [["Sources", "/sources"], ...(source === null ? [] : [[source.name, back] as const])],
    },
    <div class="columns form">
      <ResourceForm
        c={c}
        action={source === null ? `/sources${keptQuery(c)}` : back}
        groups={sourceGroups(type)}
        values={values}
        problem={problem}
        label={source === null ? "Create source" : "Save"}
        back={back}
      />
      <aside class="card">
        <h2>{providerName(type)}</h2>
        <SetupHint type={type} source={source} c={c} />
      </aside>
    </div>,
    problem === null ? 200 : 422,
  );
}

/** The given values, with initial values for fields that the selected type adds. */
const completed = (values: FormValues): FormValues => ({ ...initialValues(sourceForm(typeOf(values))), ...values });

async function save(c: Ctx, source: SourceShape | null): Promise<Response> {
  const values = await readForm(c);
  if (values["choose"] !== undefined) return form(c, source, completed(values), null);
  const path = source === null ? "/sources" : `/sources/${source.id}`;
  const answer = await submit<SourceShape>(c, path, sourceForm(typeOf(values)), values, source);
  if (!answer.ok) return form(c, source, values, answer.problem);
  const back = source === null ? backToConnection(c, "source", answer.data.slug) : null;
  const next = back ?? `/sources/${answer.data.id}?done=${source === null ? "created" : "saved"}`;
  return c.redirect(next + checkQuery(typeOf(values), values), 303);
}

const found = (c: Ctx): Promise<SourceShape> => c.get("api").get<SourceShape>(`/sources/${nameOf(c)}`);

async function edit(c: Ctx): Promise<Response> {
  const source = await found(c);
  return form(c, source, storedValues(sourceForm(source.verification.type), source), null);
}

async function remove(c: Ctx): Promise<Response> {
  const source = await found(c);
  const asked = await confirmed(c, {
    title: `Delete ${source.name}?`,
    text: ASK_DELETE,
    label: "Delete source",
    back: `/sources/${source.id}`,
    room: "sources",
  });
  if (asked !== null) return asked;
  const answer = await c.get("api").send("DELETE", `/sources/${source.id}`);
  return answer.ok ? c.redirect("/sources?done=deleted", 303) : show(c, answer.problem);
}

async function enable(c: Ctx, enabled: boolean): Promise<Response> {
  const answer = await c.get("api").send<SourceShape>("PATCH", `/sources/${nameOf(c)}`, { enabled });
  return answer.ok ? c.redirect(`/sources/${answer.data.id}?done=saved`, 303) : show(c, answer.problem);
}

async function test(c: Ctx): Promise<Response> {
  const answer = await c.get("api").send<{ id: string }>("POST", `/sources/${nameOf(c)}/test`);
  return answer.ok ? c.redirect(`/events/${answer.data.id}?done=tested`, 303) : show(c, answer.problem);
}

/** Shows the token on a page that is not stored anywhere. */
async function learned(c: Ctx): Promise<Response> {
  const source = await found(c);
  const answer = await c.get("api").send<{ secret: string }>("POST", `/sources/${source.id}/learned-secret`);
  if (!answer.ok) return show(c, answer.problem);
  return page(
    c,
    {
      title: "Handshake token",
      room: "sources",
      trail: [
        ["Sources", "/sources"],
        [source.name, `/sources/${source.id}`],
      ],
    },
    <div class="card narrow">
      <p>Paste it into the provider's page. It is available for an hour after the handshake.</p>
      <Copyable label="token" text={answer.data.secret} />
    </div>,
  );
}

export function mountSources(app: Hono<DashEnv>): void {
  app.get("/sources", (c) => list(c));
  app.get("/sources/new", (c) => {
    const type = { "verification/type": [c.req.query("type") ?? "none"] };
    return form(c, null, { ...initialValues(sourceForm(typeOf(type))), ...type }, null);
  });
  app.post("/sources", (c) => save(c, null));
  app.get("/sources/:id", (c) => show(c));
  app.post("/sources/:id", async (c) => save(c, await found(c)));
  app.get("/sources/:id/edit", (c) => edit(c));
  app.post("/sources/:id/delete", (c) => remove(c));
  app.post("/sources/:id/enable", (c) => enable(c, true));
  app.post("/sources/:id/disable", (c) => enable(c, false));
  app.post("/sources/:id/learned-secret", (c) => learned(c));
  app.post("/sources/:id/test", (c) => test(c));
}
