// Destinations: the list with the state of each, one destination, and the form that creates or edits one.
import type { Hono } from "hono";
import { readAll } from "../read-all.ts";
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { ActionButton, confirmed, DangerButton } from "../components/confirm.tsx";
import { Copyable, Empty } from "../components/empty.tsx";
import { ProblemNotice } from "../components/fields.tsx";
import { Inert } from "../components/inert.tsx";
import { count } from "../components/number.ts";
import { Pager } from "../components/pager.tsx";
import { Facts, Table } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { destinationForm, destinationGroups } from "../forms/destination-form.ts";
import type { FormValues } from "../forms/form-spec.ts";
import { initialValues, storedValues } from "../forms/form-values.ts";
import { ResourceForm } from "../forms/resource-form.tsx";
import { readForm, submit } from "../forms/submit.ts";
import { page } from "../layout.tsx";
import type { ConnectionShape, DestinationShape, HealthShape, List } from "../shapes.ts";
import { HealthCard, limitsText, stateOf, waiting } from "./health.tsx";

/** Small, because each row asks its destination's gate. */
const PAGE = 20;

async function list(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const destinations = await api.get<List<DestinationShape>>("/destinations", {
    cursor: c.req.query("cursor"),
    limit: PAGE,
  });
  const rows = await Promise.all(
    destinations.data.map(async (destination) => {
      const health = await api.find<HealthShape>(`/destinations/${destination.id}/health`);
      return {
        id: destination.id,
        cells: [
          <a href={`/destinations/${destination.id}`}>
            <Inert text={destination.name} max={128} />
          </a>,
          <code class="line">
            <Inert text={destination.url} max={80} />
          </code>,
          health === null ? <Badge status="unknown" /> : <Badge status={stateOf(health.paused, health)} />,
          health === null ? "–" : limitsText(health),
          health === null ? "–" : count(waiting(health)),
        ],
      };
    }),
  );
  const first = rows.length === 0 && c.req.query("cursor") === undefined;
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
          A destination is an API that receives your webhooks, with its rate limit, credentials and retries.{" "}
          <a href="/destinations/new">Create the first one</a>.
        </p>
        <p>Or with the API:</p>
        <Copyable
          label="command that creates a destination"
          text={`curl ${new URL(c.req.url).origin}/api/v1/destinations -H "authorization: Bearer $SLUICE_ADMIN_TOKEN" -d '{"name": "My API", "url": "https://api.example.com/webhooks", "rate_limit": {"limit": 10}}'`}
        />
      </Empty>
    ) : (
      <div id="destinations" data-live>
        <Table label="Destinations" head={["Name", "URL", "State", "Pace", "Waiting"]} rows={rows} numeric={[4]} />
        <Pager c={c} next={destinations.next_cursor} shown={rows.length} what="destinations" />
      </div>
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

/** The retry policy as text: `after 5 s, 30 s, 2 min`. */
function retries({ retry }: DestinationShape): string {
  const limits = `for up to ${span(retry.max_age_seconds * 1_000)}${retry.on === undefined ? "" : `, after ${retry.on.join(", ")} only`}`;
  if ("strategy" in retry)
    return `${retry.strategy}, ${retry.max_attempts} attempts from ${span(retry.base_seconds * 1_000)} to ${span(retry.cap_seconds * 1_000)} apart, ${limits}`;
  return retry.schedule_seconds.length === 0
    ? "none"
    : `after ${retry.schedule_seconds.map((seconds) => span(seconds * 1_000)).join(", ")}, ${limits}`;
}

const ASK_DELETE =
  "Delete this destination? Its connections are deleted too, and its waiting deliveries are cancelled.";
const ASK_ROTATE =
  "Generate a new signing secret? The old one also signs for one more day. Give the receiver the new one before then.";

async function show(c: Ctx, problem: ProblemBody | null = null): Promise<Response> {
  const api = c.get("api");
  const destination = await found(c);
  const here = urlOf(destination);
  const [health, connections] = await Promise.all([
    api.find<HealthShape>(`/destinations/${destination.id}/health`),
    readAll<ConnectionShape>(api, "/connections"),
  ]);
  const feeding = connections.filter((connection) => connection.destination === destination.id);
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
        <section class="card">
          <h2>Settings</h2>
          <Facts
            of={[
              ["URL", <Inert text={destination.url} />],
              ["Slug", <code>{destination.slug}</code>],
              ["Method", destination.method ?? "as received"],
              ["Credentials", destination.auth.type.replaceAll("_", " ")],
              [
                "Signature",
                destination.signing.type === "none" ? "none" : `Standard Webhooks, ${destination.signing.algorithm}`,
              ],
              ["Timeout", `${destination.timeout_ms} ms`],
              ["Retries", retries(destination)],
              [
                "Circuit breaker",
                destination.circuit === null
                  ? "off"
                  : `opens after ${destination.circuit.failure_threshold} consecutive failures`,
              ],
              ["Created", <Time at={destination.created_at} />],
              ["Updated", <Time at={destination.updated_at} />],
            ]}
          />
          <div class="buttons">
            <a class="button quiet" href={`/dead-letters?destination=${destination.id}`}>
              Dead letters
            </a>
            {destination.signing.type !== "none" && (
              <DangerButton c={c} action={`${here}/rotate`} label="Rotate signing secret" ask={ASK_ROTATE} />
            )}
          </div>
        </section>
      </div>
      <section class="card">
        <h2>Connections</h2>
        {feeding.length === 0 ? (
          <p>
            No connection leads here yet.{" "}
            <a href={`/connections/new?destination=${destination.id}`}>Connect a source</a>.
          </p>
        ) : (
          <Table
            label="Connections to this destination"
            head={["Connection", "Source", "State"]}
            rows={feeding.map((connection) => ({
              id: connection.id,
              cells: [
                <a href={`/connections/${connection.id}`}>{connection.name}</a>,
                <a href={`/sources/${connection.source}`}>{connection.source_slug ?? connection.source}</a>,
                <Badge status={!connection.enabled ? "disabled" : connection.paused ? "paused" : "active"} />,
              ],
            }))}
          />
        )}
      </section>
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
      action={back}
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
function generatedSecret(c: Ctx, destination: DestinationShape): Response | Promise<Response> | null {
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
      <a class="button primary" href={urlOf(destination)}>
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
  return generatedSecret(c, answer.data) ?? c.redirect(`${urlOf(answer.data)}?done=${word}`, 303);
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
