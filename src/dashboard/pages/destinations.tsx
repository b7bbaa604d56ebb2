// Destinations: the list with the state of each, one destination, and the form that creates or edits one.
import type { Hono } from "hono";
import { DAY_MS } from "../../kernel/durations.ts";
import { MAX_LISTED_DEAD } from "../../config/record-limits.ts";
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { ActionButton, confirmed, DangerButton } from "../components/confirm.tsx";
import { Copyable, Empty } from "../components/empty.tsx";
import { ProblemNotice } from "../components/fields.tsx";
import { Search, searched } from "../components/filters.tsx";
import { Inert } from "../components/inert.tsx";
import { count, upTo } from "../components/number.ts";
import { Pager } from "../components/pager.tsx";
import { Table } from "../components/table.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { destinationForm, destinationGroups } from "../forms/destination-form.ts";
import { backToConnection, keptQuery } from "../forms/for-connection.ts";
import type { FormValues } from "../forms/form-spec.ts";
import { initialValues, storedValues } from "../forms/form-values.ts";
import { ResourceForm } from "../forms/resource-form.tsx";
import { readForm, submit } from "../forms/submit.ts";
import { page } from "../layout.tsx";
import type { ConnectionShape, DestinationShape, HealthShape, List, Stats } from "../shapes.ts";
import { addressOf, ASK_ROTATE, DestinationSettings } from "./destination-settings.tsx";
import { LinkedConnections } from "./linked-connections.tsx";
import { OpenIssues, readOpenIssues } from "./open-issues.tsx";
import { DestinationActivity } from "./destination-activity.tsx";
import { HealthCard, limitsText } from "./health.tsx";

/** Small, because the gate is asked of each row that has limits or trouble. */
const PAGE = 20;

async function list(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const search = searched(c);
  const destinations = await api.get<List<DestinationShape>>("/destinations", {
    search,
    cursor: c.req.query("cursor"),
    limit: PAGE,
    order: "health",
    expand: "waiting",
  });
  const rows = destinations.data.map((destination) => ({
    id: destination.id,
    cells: [
      <a href={`/destinations/${destination.id}`}>
        <Inert text={destination.name} max={128} />
      </a>,
      <code class="line">
        <Inert text={addressOf(destination)} max={80} />
      </code>,
      <Badge status={destination.health ?? "unknown"} />,
      limitsText(destination),
      count(destination.waiting ?? 0),
      upTo(destination.dead ?? 0, MAX_LISTED_DEAD),
    ],
  }));
  const first = rows.length === 0 && c.req.query("cursor") === undefined && search === "";
  return page(
    c,
    {
      title: "Destinations",
      room: "destinations",
      live: true,
      actions: (
        <a class="button primary" href="/destinations/new">
          New destination
        </a>
      ),
    },
    first ? (
      <Empty title="No destinations yet">
        <p>
          A destination is an API, a broker or a queue that receives your webhooks, with its rate limit, credentials and
          retries. <a href="/destinations/new">Create the first one</a>.
        </p>
        <p>Or with the API:</p>
        <Copyable
          label="command that creates a destination"
          text={`curl ${new URL(c.req.url).origin}/api/v1/destinations -H "authorization: Bearer $SLUICE_ADMIN_TOKEN" -d '{"name": "My API", "url": "https://api.example.com/webhooks", "rate_limit": {"limit": 10}}'`}
        />
      </Empty>
    ) : (
      <>
        <Search c={c} />
        <div id="destinations" data-live>
          <Table
            label="Destinations"
            head={["Name", "Address", "State", "Pace", "Waiting", "Dead letters"]}
            rows={rows}
            numeric={[4, 5]}
          />
          {rows.length === 0 && destinations.next_cursor === null && <p class="muted">No matching destinations.</p>}
          <Pager c={c} next={destinations.next_cursor} shown={rows.length} what="destinations" ordered />
        </div>
      </>
    ),
  );
}

const nameOf = (c: Ctx): string => encodeURIComponent(c.req.param("id") ?? "");
const found = (c: Ctx): Promise<DestinationShape> => c.get("api").get<DestinationShape>(`/destinations/${nameOf(c)}`);
const urlOf = (destination: DestinationShape): string => `/destinations/${destination.id}`;
const breadcrumbs = (destination: DestinationShape) =>
  [
    ["Destinations", "/destinations"],
    [destination.name, urlOf(destination)],
  ] as const;

const ASK_DELETE =
  "Delete this destination? Its connections are deleted too, and its waiting deliveries are cancelled.";

async function show(c: Ctx, problem: ProblemBody | null = null): Promise<Response> {
  const api = c.get("api");
  const destination = await found(c);
  const here = urlOf(destination);
  const from = new Date(c.get("now") - DAY_MS).toISOString();
  const [health, issues, connections, stats] = await Promise.all([
    api.find<HealthShape>(`/destinations/${destination.id}/health`),
    readOpenIssues(api, destination.id),
    api.get<List<ConnectionShape>>("/connections", { destination: destination.id }),
    api.find<Stats>("/stats", { from, interval: "1h", destination: destination.id }),
  ]);
  return page(
    c,
    {
      title: destination.name,
      room: "destinations",
      trail: [["Destinations", "/destinations"]],
      live: true,
      actions: (
        <>
          {destination.paused ? (
            <ActionButton c={c} action={`${here}/resume`} label="Resume" primary />
          ) : (
            <ActionButton c={c} action={`${here}/pause`} label="Pause" />
          )}
          <ActionButton c={c} action={`${here}/test`} label="Send test event" />
          <a class="button" href={`${here}/edit`}>
            Edit
          </a>
          <DangerButton c={c} action={`${here}/delete`} label="Delete" what={destination.name} ask={ASK_DELETE} />
        </>
      ),
    },
    <>
      <ProblemNotice problem={problem} />
      <div class="columns">
        {health !== null && <HealthCard of={health} />}
        <DestinationSettings of={destination} c={c} />
      </div>
      <OpenIssues of={issues} destination={destination.id} />
      {health !== null && <DestinationActivity health={health} stats={stats} />}
      <LinkedConnections of={connections} end="destination" record={destination} />
    </>,
    problem === null ? 200 : 422,
  );
}

function form(
  c: Ctx,
  destination: DestinationShape | null,
  values: FormValues,
  problem: ProblemBody | null,
): Response | Promise<Response> {
  const back = destination === null ? "/destinations" : urlOf(destination);
  return page(
    c,
    {
      title: destination === null ? "New destination" : `Edit ${destination.name}`,
      room: "destinations",
      trail: destination === null ? [["Destinations", "/destinations"]] : breadcrumbs(destination),
    },
    <ResourceForm
      c={c}
      action={destination === null ? `/destinations${keptQuery(c)}` : back}
      groups={destinationGroups(values)}
      values={values}
      problem={problem}
      label={destination === null ? "Create destination" : "Save"}
      back={back}
    />,
    problem === null ? 200 : 422,
  );
}

/** Shows a generated signing secret once, on a page that is not stored anywhere. */
function generatedSecret(
  c: Ctx,
  destination: DestinationShape,
  next = urlOf(destination),
): Response | Promise<Response> | null {
  const { signing } = destination;
  if (signing.type === "none" || (signing.secrets === undefined && signing.secrets_withheld !== true)) return null;
  return page(
    c,
    { title: "Signing secret", room: "destinations", trail: breadcrumbs(destination) },
    <div class="card narrow">
      {signing.secrets === undefined ? (
        <p>Sluice generated a signing secret. Only an admin can see one: ask an admin to rotate it.</p>
      ) : (
        <p>Give it to the receiver, which needs it to verify signatures. It is shown only once.</p>
      )}
      {signing.secrets?.map((secret) => (
        <Copyable label="signing secret" text={secret} />
      ))}
      <a class="button primary" href={next}>
        {signing.secrets === undefined ? "Continue" : "I have copied it"}
      </a>
    </div>,
  );
}

async function save(c: Ctx, destination: DestinationShape | null): Promise<Response> {
  const values = await readForm(c);
  if (values["choose"] !== undefined)
    return form(c, destination, { ...initialValues(destinationForm(values)), ...values }, null);
  const path = destination === null ? "/destinations" : `/destinations/${destination.id}`;
  const answer = await submit<DestinationShape>(c, path, destinationForm(values), values, destination);
  if (!answer.ok) return form(c, destination, values, answer.problem);
  const word = destination === null ? "created" : "saved";
  const back = destination === null ? backToConnection(c, "destination", answer.data.slug) : null;
  const next = back ?? `${urlOf(answer.data)}?done=${word}`;
  return generatedSecret(c, answer.data, back ?? undefined) ?? c.redirect(next, 303);
}

async function edit(c: Ctx): Promise<Response> {
  const destination = await found(c);
  const deciding = storedValues(destinationForm({}), destination);
  return form(c, destination, storedValues(destinationForm(deciding), destination), null);
}

/** Makes the button's API call and returns to the destination's page. */
async function act(c: Ctx, path: string, done: string): Promise<Response> {
  const answer = await c.get("api").send<{ id: string }>("POST", `/destinations/${nameOf(c)}/${path}`);
  return answer.ok ? c.redirect(`/destinations/${nameOf(c)}?done=${done}`, 303) : show(c, answer.problem);
}

async function test(c: Ctx): Promise<Response> {
  const answer = await c.get("api").send<{ id: string }>("POST", `/destinations/${nameOf(c)}/test`);
  return answer.ok ? c.redirect(`/events/${answer.data.id}?done=tested`, 303) : show(c, answer.problem);
}

async function remove(c: Ctx): Promise<Response> {
  const destination = await found(c);
  const asked = await confirmed(c, {
    title: `Delete ${destination.name}?`,
    text: ASK_DELETE,
    label: "Delete destination",
    back: urlOf(destination),
    room: "destinations",
  });
  if (asked !== null) return asked;
  const answer = await c.get("api").send("DELETE", `/destinations/${destination.id}`);
  return answer.ok ? c.redirect("/destinations?done=deleted", 303) : show(c, answer.problem);
}

async function rotate(c: Ctx): Promise<Response> {
  const destination = await found(c);
  const asked = await confirmed(c, {
    title: "Rotate signing secret?",
    text: ASK_ROTATE,
    label: "Rotate",
    back: urlOf(destination),
    room: "destinations",
  });
  if (asked !== null) return asked;
  const answer = await c.get("api").send<DestinationShape>("POST", `/destinations/${destination.id}/rotate-secret`, {});
  if (!answer.ok) return show(c, answer.problem);
  return generatedSecret(c, answer.data) ?? c.redirect(urlOf(destination), 303);
}

export function mountDestinations(app: Hono<DashEnv>): void {
  app.get("/destinations", (c) => list(c));
  app.get("/destinations/new", (c) => form(c, null, initialValues(destinationForm({})), null));
  app.post("/destinations", (c) => save(c, null));
  app.get("/destinations/:id", (c) => show(c));
  app.post("/destinations/:id", async (c) => save(c, await found(c)));
  app.get("/destinations/:id/edit", (c) => edit(c));
  app.post("/destinations/:id/pause", (c) => act(c, "pause", "paused"));
  app.post("/destinations/:id/resume", (c) => act(c, "resume", "resumed"));
  app.post("/destinations/:id/test", (c) => test(c));
  app.post("/destinations/:id/rotate", (c) => rotate(c));
  app.post("/destinations/:id/delete", (c) => remove(c));
}
