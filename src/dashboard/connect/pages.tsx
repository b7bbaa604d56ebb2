// Connect a provider: pick it, paste its URL, see a test event delivered. One guided page in three steps.
import type { Hono } from "hono";
import type { ProblemBody } from "../api-client.ts";
import { readChoices } from "../components/choice.tsx";
import { ProblemNotice } from "../components/fields.tsx";
import { searched } from "../components/filters.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import type { FormValues } from "../forms/form-spec.ts";
import { initialValues, requestBody } from "../forms/form-values.ts";
import { checkQuery, isVerificationType, neededFields, providerName } from "../forms/source-form.ts";
import { faulty, readForm } from "../forms/submit.ts";
import { page } from "../layout.tsx";
import type {
  ConnectionShape,
  DeliveryDetail,
  EventDetail,
  EventShape,
  List,
  SampleSent,
  SettingsShape,
  SourceShape,
} from "../shapes.ts";
import { DraftForm, UrlCard } from "./draft.tsx";
import { Arrived, RouteCard, SecretCard, TestCard, UNSIGNED } from "./made.tsx";
import { freeSlug, madeBefore, makeConnection, slugOf } from "./make.ts";
import { Pick } from "./pick.tsx";

const TITLE = "Connect a provider";
const TRAIL = [[TITLE, "/connect"]] as const;
const SHOWN_EVENTS = 5;

function pick(c: Ctx): Response | Promise<Response> {
  const destination = c.req.query("destination");
  const query = destination === undefined ? "" : `&destination=${encodeURIComponent(destination)}`;
  return page(c, { title: TITLE, room: "connect" }, <Pick term={searched(c)} query={query} />);
}

async function draft(c: Ctx, type: string, values: FormValues, problem: ProblemBody | null): Promise<Response> {
  const api = c.get("api");
  const [settings, slug, destinations] = await Promise.all([
    api.find<SettingsShape>("/settings"),
    freeSlug(api, "/sources", slugOf(type)),
    readChoices(api, "/destinations", values["destination"]?.[0]),
  ]);
  const url = `${settings?.public_origin ?? new URL(c.req.url).origin}/in/${slug}`;
  return page(
    c,
    { title: `Connect ${providerName(type)}`, room: "connect", trail: TRAIL },
    <DraftForm c={c} draft={{ type, slug, url, values, destinations, problem }} />,
    problem === null ? 200 : 422,
  );
}

async function make(c: Ctx): Promise<Response> {
  const values = await readForm(c);
  const type = values["provider"]?.[0] ?? "";
  if (!isVerificationType(type)) return c.redirect("/connect", 303);
  const made = await makeConnection(c.get("api"), type, values);
  if (made.ok) return c.redirect(`${hereOf(made.data)}?done=connected${checkQuery(type, values)}`, 303);
  const before = made.problem.code === "slug_taken" ? await madeBefore(c.get("api"), type, values) : null;
  return before === null
    ? draft(c, type, values, made.problem)
    : c.redirect(`${hereOf(before)}?done=connected_before`, 303);
}

const isUnsigned = (text: string | undefined): text is keyof typeof UNSIGNED =>
  text !== undefined && Object.hasOwn(UNSIGNED, text);
const hereOf = ({ id }: ConnectionShape): string => `/connect/${id}`;
const found = (c: Ctx): Promise<ConnectionShape> =>
  c.get("api").get<ConnectionShape>(`/connections/${encodeURIComponent(c.req.param("id") ?? "")}`);

async function made(c: Ctx, problem: ProblemBody | null = null): Promise<Response> {
  const api = c.get("api");
  const connection = await found(c);
  const [eventId, unsigned] = [c.req.query("event"), c.req.query("unsigned")];
  const [source, events, tested] = await Promise.all([
    api.get<SourceShape>(`/sources/${connection.source}`),
    api.get<List<EventShape>>("/events", { source: connection.source, limit: SHOWN_EVENTS }),
    eventId === undefined ? null : api.find<EventDetail>(`/events/${encodeURIComponent(eventId)}`),
  ]);
  const deliveries = await Promise.all(
    (tested?.deliveries ?? [])
      .slice(0, SHOWN_EVENTS)
      .map((delivery) => api.find<DeliveryDetail>(`/deliveries/${delivery.id}`)),
  );
  const here = hereOf(connection);
  const { type } = source.verification;
  return page(
    c,
    { title: `Connect ${providerName(type)}`, room: "connect", trail: TRAIL, live: true },
    <div class="guide">
      <ProblemNotice problem={problem} />
      <RouteCard connection={connection} />
      <UrlCard type={type} url={source.url} isMade={!source.awaiting_secret} />
      <SecretCard c={c} source={source} here={here} problem={problem} />
      <TestCard
        c={c}
        source={source}
        here={here}
        tested={tested}
        deliveries={deliveries.filter((delivery) => delivery !== null)}
        unsigned={isUnsigned(unsigned) ? unsigned : undefined}
      />
      <Arrived events={events.data} />
    </div>,
    problem === null ? 200 : 422,
  );
}

async function saveSecret(c: Ctx): Promise<Response> {
  const connection = await found(c);
  const source = await c.get("api").get<SourceShape>(`/sources/${connection.source}`);
  const { type } = source.verification;
  const values = await readForm(c);
  const { body } = requestBody({ fields: neededFields(type, "") }, values, { ...source });
  const given = body["verification"] as { readonly secrets?: readonly string[] } | undefined;
  if (given?.secrets === undefined)
    return made(c, faulty([{ pointer: "/verification/secrets", detail: "is empty: enter the secret" }]));
  const verification = { ...source.verification, secrets: given.secrets };
  const answer = await c.get("api").send("PATCH", `/sources/${source.id}`, { verification });
  return answer.ok
    ? c.redirect(`${hereOf(connection)}?done=saved${checkQuery(type, values)}`, 303)
    : made(c, answer.problem);
}

async function test(c: Ctx): Promise<Response> {
  const connection = await found(c);
  const type = (await readForm(c))["type"]?.[0];
  const sent = await c
    .get("api")
    .send<SampleSent>("POST", `/sources/${connection.source}/test`, type === undefined ? {} : { type });
  if (!sent.ok) return made(c, sent.problem);
  const { id, unsigned_because: unsigned } = sent.data;
  return c.redirect(`${hereOf(connection)}?event=${id}${unsigned === null ? "" : `&unsigned=${unsigned}`}`, 303);
}

export function mountConnect(app: Hono<DashEnv>): void {
  app.get("/connect", (c) => {
    const type = c.req.query("provider") ?? "";
    if (!isVerificationType(type)) return pick(c);
    const destination = c.req.query("destination");
    const to: FormValues = destination === undefined ? {} : { to: ["existing"], destination: [destination] };
    return draft(c, type, { ...initialValues({ fields: neededFields(type, "") }), ...to }, null);
  });
  app.post("/connect", (c) => make(c));
  app.get("/connect/:id", (c) => made(c));
  app.post("/connect/:id/secret", (c) => saveSecret(c));
  app.post("/connect/:id/test", (c) => test(c));
}
