// Connections: which events of a source go to which destination, and how they are transformed.
import type { Hono } from "hono";
import { ApiProblem, type ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { ChoiceFilter, readChoices, type Choices } from "../components/choice.tsx";
import { ActionButton, confirmed, DangerButton } from "../components/confirm.tsx";
import { Copyable, Empty } from "../components/empty.tsx";
import { errorsOf, Field, ProblemNotice } from "../components/fields.tsx";
import { Filters, searched } from "../components/filters.tsx";
import { Inert } from "../components/inert.tsx";
import { Pager } from "../components/pager.tsx";
import { Facts, Table } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { CONNECTION_FIELDS, connectionForm, endFields } from "../forms/connection-form.ts";
import { forConnection } from "../forms/for-connection.ts";
import type { FieldSpec, FormValues } from "../forms/form-spec.ts";
import { initialValues, storedValues } from "../forms/form-values.ts";
import { ResourceForm } from "../forms/resource-form.tsx";
import { readForm, submit } from "../forms/submit.ts";
import { page } from "../layout.tsx";
import type { ConnectionShape, EventShape, List, PreviewShape } from "../shapes.ts";
import { Preview, runPreview, storedTrial } from "./preview.tsx";
import { Editors, runTrial, Trial, type TrialResult } from "./routing.tsx";

const stateOf = (connection: ConnectionShape): string =>
  !connection.enabled ? "disabled" : connection.paused ? "paused" : "active";
const urlOf = (connection: ConnectionShape): string => `/connections/${connection.id}`;

const PauseButton = ({ c, connection, primary = false }: { c: Ctx; connection: ConnectionShape; primary?: boolean }) =>
  connection.paused ? (
    <ActionButton
      c={c}
      action={`${urlOf(connection)}/resume`}
      label="Resume"
      what={connection.name}
      primary={primary}
    />
  ) : (
    <ActionButton c={c} action={`${urlOf(connection)}/pause`} label="Pause" what={connection.name} />
  );

const Route = ({ connection }: { connection: ConnectionShape }) => (
  <>
    <a href={`/sources/${connection.source}`}>{connection.source_slug ?? connection.source}</a>
    <span aria-label="to"> → </span>
    <a href={`/destinations/${connection.destination}`}>{connection.destination_slug ?? connection.destination}</a>
  </>
);

async function list(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const search = searched(c);
  const [source, destination, cursor] = ["source", "destination", "cursor"].map((name) => c.req.query(name));
  const [answer, sources, destinations] = await Promise.all([
    api.send<List<ConnectionShape>>("GET", "/connections", undefined, { search, source, destination, cursor }),
    readChoices(api, "/sources", source),
    readChoices(api, "/destinations", destination),
  ]);
  if (!answer.ok && answer.status !== 422) throw new ApiProblem(answer.problem);
  const errors = errorsOf(answer.ok ? null : answer.problem);
  const connections = answer.ok ? answer.data : { data: [], next_cursor: null };
  const rows = connections.data.map((connection) => ({
    id: connection.id,
    cells: [
      <a href={urlOf(connection)}>
        <Inert text={connection.name} max={128} />
      </a>,
      <Route connection={connection} />,
      connection.filter === null ? <span class="muted">all</span> : "filtered",
      connection.transform === null ? <span class="muted">unchanged</span> : "transformed",
      <Badge status={stateOf(connection)} />,
      <PauseButton c={c} connection={connection} />,
    ],
  }));
  const first = rows.length === 0 && [search, source, destination, cursor].every((given) => (given ?? "") === "");
  return page(
    c,
    {
      title: "Connections",
      room: "connections",
      actions: (
        <a class="button primary" href="/connections/new">
          New connection
        </a>
      ),
    },
    first ? (
      <Empty title="No connections yet">
        <p>
          A connection sends the events of a <a href="/sources">source</a> to a <a href="/destinations">destination</a>,
          all of them or those that match its filter. The guide makes all three.{" "}
          <a href="/connections/new">Or connect what exists</a>.
        </p>
        <p>
          <a class="button primary" href="/connect">
            Connect a provider
          </a>
        </p>
        <p>Or with the API:</p>
        <Copyable
          label="command that creates a connection"
          text={`curl ${new URL(c.req.url).origin}/api/v1/connections -H "authorization: Bearer $SLUICE_ADMIN_TOKEN" -d '{"source": "my-shop", "destination": "my-api"}'`}
        />
      </Empty>
    ) : (
      <>
        <Filters c={c} clear={["q", "source", "destination"]}>
          <Field label="Name or slug" name="q" type="search" value={search} error={errors("/query/search")} />
          <ChoiceFilter of="Source" choices={sources} errors={errors} />
          <ChoiceFilter of="Destination" choices={destinations} errors={errors} />
        </Filters>
        <Table label="Connections" head={["Name", "Route", "Events", "Request", "State", ""]} rows={rows} />
        {answer.ok && rows.length === 0 && connections.next_cursor === null && (
          <p class="muted">No matching connections.</p>
        )}
        <Pager
          c={c}
          next={connections.next_cursor}
          shown={rows.length}
          what="connections"
          error={errors("/query/cursor")}
        />
      </>
    ),
    answer.ok ? 200 : 422,
  );
}

const nameOf = (c: Ctx): string => encodeURIComponent(c.req.param("id") ?? "");
const found = (c: Ctx): Promise<ConnectionShape> => c.get("api").get<ConnectionShape>(`/connections/${nameOf(c)}`);
const ASK_DELETE = "Delete this connection? No more events are sent over it, and its waiting deliveries are cancelled.";

async function show(c: Ctx, problem: ProblemBody | null = null): Promise<Response> {
  const connection = await found(c);
  const here = urlOf(connection);
  return page(
    c,
    {
      title: connection.name,
      room: "connections",
      trail: [["Connections", "/connections"]],
      actions: (
        <>
          <PauseButton c={c} connection={connection} primary />
          <a class="button" href={`${here}/edit`}>
            Edit
          </a>
          <DangerButton c={c} action={`${here}/delete`} label="Delete" what={connection.name} ask={ASK_DELETE} />
        </>
      ),
    },
    <>
      <ProblemNotice problem={problem} />
      <section class="card">
        <Facts
          of={[
            ["Route", <Route connection={connection} />],
            ["State", <Badge status={stateOf(connection)} />],
            ["Slug", <code>{connection.slug}</code>],
            ["Delay", connection.delay_seconds === 0 ? "–" : span(connection.delay_seconds * 1_000)],
            ["Success callback", <Inert text={connection.callback_url ?? "–"} />],
            ["Failure callback", <Inert text={connection.failure_callback_url ?? "–"} />],
            ["Created", <Time at={connection.created_at} />],
            ["Updated", <Time at={connection.updated_at} />],
          ]}
        />
      </section>
      <div class="columns">
        <Shown
          title={connection.missing_matches_not ? "Filter" : "Filter (a missing field does not meet $not)"}
          value={connection.filter}
          empty="Every event of the source matches."
        />
        <Shown title="Transform" value={connection.transform} empty="The request is sent unchanged." />
      </div>
    </>,
    problem === null ? 200 : 422,
  );
}

const Shown = ({ title, value, empty }: { title: string; value: unknown; empty: string }) => (
  <section class="card">
    <h2>{title}</h2>
    {value === null ? (
      <p class="muted">{empty}</p>
    ) : (
      <pre tabindex={0} role="region" aria-label={title}>
        <Inert text={JSON.stringify(value, null, 2)} max={32_768} />
      </pre>
    )}
  </section>
);

async function form(
  c: Ctx,
  connection: ConnectionShape | null,
  values: FormValues,
  problem: ProblemBody | null,
  trial: TrialResult | null = null,
  preview: PreviewShape | null = null,
): Promise<Response> {
  const ends = connection === null ? await readEnds(c, values) : [];
  const back = connection === null ? "/connections" : urlOf(connection);
  const [from, to] = ["source", "destination"].map(
    (end) => ends.find(({ path }) => path === end)?.choices?.value ?? "",
  );
  return page(
    c,
    {
      title: connection === null ? "New connection" : `Edit ${connection.name}`,
      room: "connections",
      trail: [["Connections", "/connections"], ...(connection === null ? [] : [[connection.name, back] as const])],
    },
    <>
      {connection === null && (
        <p>
          Not there yet? <a href={`/sources/new${forConnection("destination", to ?? "")}`}>New source</a>,{" "}
          <a href={`/destinations/new${forConnection("source", from ?? "")}`}>new destination</a>, or{" "}
          <a href="/connect">connect a provider</a> step by step.
        </p>
      )}
      <ResourceForm
        c={c}
        action={back}
        groups={{ "": [...ends, ...CONNECTION_FIELDS] }}
        values={values}
        problem={problem}
        label={connection === null ? "Create connection" : "Save"}
        back={back}
        trial={storedTrial(back)}
      >
        <Editors values={values} problem={problem} />
        <Preview action={back} values={values} problem={problem} of={preview} isNew={connection === null} />
        <Trial action={back} values={values} problem={problem} trial={trial} />
      </ResourceForm>
    </>,
    problem === null ? 200 : 422,
  );
}

async function readEnds(c: Ctx, values: FormValues): Promise<readonly FieldSpec[]> {
  const [source, destination] = await Promise.all([
    readChoices(c.get("api"), "/sources", values["source"]?.[0]),
    readChoices(c.get("api"), "/destinations", values["destination"]?.[0]),
  ]);
  return endFields({ source: orOnly(source), destination: orOnly(destination) });
}

/** Where there is only one, it is the one. */
const orOnly = (choices: Choices): Choices => {
  const [only, ...others] = choices.suggested;
  return choices.value === "" && only !== undefined && others.length === 0 ? { ...choices, value: only.slug } : choices;
};

async function save(c: Ctx, connection: ConnectionShape | null): Promise<Response> {
  const values = await readForm(c);
  const previewed = await runPreview(c, values, connection?.id ?? null);
  if (previewed !== null) return form(c, connection, values, previewed.problem, null, previewed.preview);
  const trial = await runTrial(c, values, connection?.destination ?? values["destination"]?.[0]);
  if (trial !== null) return form(c, connection, values, trial.problem, trial);
  const spec = connectionForm(connection === null ? endFields() : []);
  const path = connection === null ? "/connections" : `/connections/${connection.id}`;
  const answer = await submit<ConnectionShape>(c, path, spec, values, connection);
  if (!answer.ok) return form(c, connection, values, answer.problem);
  return c.redirect(`${urlOf(answer.data)}?done=${connection === null ? "created" : "saved"}`, 303);
}

async function act(c: Ctx, path: "pause" | "resume", done: string): Promise<Response> {
  const answer = await c.get("api").send<ConnectionShape>("POST", `/connections/${nameOf(c)}/${path}`);
  return answer.ok ? c.redirect(`${urlOf(answer.data)}?done=${done}`, 303) : show(c, answer.problem);
}

async function remove(c: Ctx): Promise<Response> {
  const connection = await found(c);
  const asked = await confirmed(c, {
    title: `Delete ${connection.name}?`,
    text: ASK_DELETE,
    label: "Delete connection",
    back: urlOf(connection),
    room: "connections",
  });
  if (asked !== null) return asked;
  const answer = await c.get("api").send("DELETE", `/connections/${connection.id}`);
  return answer.ok ? c.redirect("/connections?done=deleted", 303) : show(c, answer.problem);
}

export function mountConnections(app: Hono<DashEnv>): void {
  app.get("/connections", (c) => list(c));
  app.get("/connections/new", (c) => {
    const asked = (end: string): FormValues => {
      const given = c.req.query(end);
      return given === undefined ? {} : { [end]: [given] };
    };
    const values = { ...initialValues(connectionForm([])), ...asked("source"), ...asked("destination") };
    return form(c, null, values, null);
  });
  app.post("/connections", (c) => save(c, null));
  app.get("/connections/:id", (c) => show(c));
  app.post("/connections/:id", async (c) => save(c, await found(c)));
  app.get("/connections/:id/edit", async (c) => {
    const connection = await found(c);
    // The latest event of the source, to try the filter and transform on.
    const [latest] = (await c.get("api").get<List<EventShape>>("/events", { source: connection.source, limit: 1 }))
      .data;
    const subject: FormValues = latest === undefined ? {} : { try_event: [latest.id] };
    return form(c, connection, { ...storedValues(connectionForm([]), connection), ...subject }, null);
  });
  app.post("/connections/:id/pause", (c) => act(c, "pause", "paused"));
  app.post("/connections/:id/resume", (c) => act(c, "resume", "resumed"));
  app.post("/connections/:id/delete", (c) => remove(c));
}
