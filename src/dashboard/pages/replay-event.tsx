// Before an event is replayed: what a replay would make, and for whom it is a repetition. Nothing is sent before the button here is pressed.
import type { Hono } from "hono";
import { inertText } from "../components/inert.tsx";
import { ActionButton } from "../components/confirm.tsx";
import { Badge } from "../components/badge.tsx";
import { ProblemNotice } from "../components/fields.tsx";
import { Inert } from "../components/inert.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import type { ConnectionShape, DeliveryShape, EventDetail, EventReplayPlan } from "../shapes.ts";

/** Connections that are shown by their names; others by their ids. */
const MAX_NAMED = 20;

/** The latest delivery of the event to the same destination. */
const earlier = (event: EventDetail, planned: DeliveryShape): DeliveryShape | undefined =>
  event.deliveries.findLast(({ destination }) => destination === planned.destination);

const Before = ({ before }: { before: DeliveryShape | undefined }) =>
  before === undefined ? (
    <span class="muted">never sent there</span>
  ) : (
    <>
      <Badge status={before.status} /> <Time at={before.finished_at ?? before.created_at} />
    </>
  );

const nameOf = ({ destination_slug: slug, destination: id }: DeliveryShape): string =>
  slug ?? id ?? "a deleted destination";

const Plan = ({
  c,
  names,
  event,
  plan,
  connection,
}: {
  c: Ctx;
  /** Of connections, by id. */
  names: ReadonlyMap<string, string>;
  event: EventDetail;
  plan: EventReplayPlan;
  connection: string | undefined;
}) => {
  const again = new Set(
    plan.data
      .filter((planned) => earlier(event, planned)?.status === "delivered")
      .map(({ destination }) => destination),
  ).size;
  return (
    <>
      <p>
        Makes {plan.data.length === 1 ? "one new delivery" : `${plan.data.length} new deliveries`} of the stored event,
        over connections, transforms and destinations as they are now. Earlier deliveries stay as they are.
      </p>
      <Table
        label="What the replay makes"
        head={["Destination", "Over", "Last time"]}
        rows={plan.data.map((planned) => ({
          id: planned.id,
          cells: [
            <Inert text={nameOf(planned)} max={128} />,
            planned.connection_id === null ? (
              <span class="muted">published to it</span>
            ) : (
              <a href={`/connections/${planned.connection_id}`}>
                <Inert text={names.get(planned.connection_id) ?? planned.connection_id} max={128} />
              </a>
            ),
            <Before before={earlier(event, planned)} />,
          ],
        }))}
      />
      {again > 0 && (
        <div class="notice warn">
          <p>
            {again === 1 ? "One receiver has" : `${again} receivers have`} already accepted this event and will get it
            again. The <code>webhook-id</code> is the same, so a receiver that checks it can recognize the repetition.
          </p>
        </div>
      )}
      <div class="buttons">
        <ActionButton
          c={c}
          action={`/events/${event.id}/replay`}
          {...(connection === undefined ? {} : { fields: { connection } })}
          label={
            plan.data.length === 1 && plan.data[0] !== undefined
              ? `Replay to ${inertText(nameOf(plan.data[0]))}`
              : `Make ${plan.data.length} new deliveries`
          }
          primary
        />
        <a class="button quiet" href={`/events/${event.id}`}>
          Go back
        </a>
      </div>
    </>
  );
};

async function show(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const path = `/events/${encodeURIComponent(c.req.param("id") ?? "")}`;
  const connection = c.req.query("connection") || undefined;
  const event = await api.get<EventDetail>(path);
  const answer = await api.send<EventReplayPlan>(
    "POST",
    `${path}/replay`,
    connection === undefined ? {} : { connection },
    {
      dry_run: "true",
    },
  );
  const ids = answer.ok ? answer.data.data.flatMap(({ connection_id: id }) => id ?? []).slice(0, MAX_NAMED) : [];
  const found = await Promise.all(ids.map((id) => api.find<ConnectionShape>(`/connections/${id}`)));
  const names = new Map(found.flatMap((one) => (one === null ? [] : [[one.id, one.name] as const])));
  return page(
    c,
    {
      title: connection === undefined ? "Replay this event?" : "Replay this delivery?",
      room: "events",
      trail: [
        ["Events", "/events"],
        [inertText(event.event_type ?? event.id), `/events/${event.id}`],
      ],
    },
    <div class="card narrow">
      {answer.ok ? (
        <Plan c={c} names={names} event={event} plan={answer.data} connection={connection} />
      ) : (
        <>
          <ProblemNotice problem={answer.problem} />
          <a class="button" href={`/events/${event.id}`}>
            Go back
          </a>
        </>
      )}
    </div>,
    answer.ok ? 200 : answer.status === 409 ? 409 : answer.status === 403 ? 403 : 422,
  );
}

export function mountReplayEvent(app: Hono<DashEnv>): void {
  app.get("/events/:id/replay", (c) => show(c));
}
