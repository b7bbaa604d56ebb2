// Dead letters: what was given up, by destination and error. All of a destination go again as a bulk replay, through its plan; those
// selected, or those of one error, by a retry each. One page of the list is grouped at a time, so that what is read stays bounded.
import type { Hono } from "hono";
import { MINUTE_MS } from "../../kernel/durations.ts";
import type { Answer, Api, ProblemBody } from "../api-client.ts";
import { confirmed } from "../components/confirm.tsx";
import { Empty } from "../components/empty.tsx";
import { ProblemNotice, Select } from "../components/fields.tsx";
import { Filters } from "../components/filters.tsx";
import { Inert } from "../components/inert.tsx";
import { here, Pager } from "../components/pager.tsx";
import { filterText, namesOf, RunBadge, RunBar, RunLegend } from "../components/replay-run.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import { allOf } from "../all-of.ts";
import type { Ctx, DashEnv } from "../deps.ts";
import { readForm } from "../forms/submit.ts";
import { Csrf, page } from "../layout.tsx";
import { localPath } from "../security.ts";
import type { DeliveryShape, DestinationShape, List, ReplayShape } from "../shapes.ts";
import { planHref } from "./new-replay.tsx";

const PAGE = 200;
/** Calls under way at a time when a selection is worked through. */
const AT_ONCE = 8;
/** Of the latest so many replays those are shown here that bring dead letters back, or have just done so. */
const LATEST_RUNS = 20;
const JUST_MS = 10 * MINUTE_MS;

interface Group {
  readonly error: string | null;
  readonly letters: readonly DeliveryShape[];
}

interface Receiver {
  /** Null where nobody knows any more where it was to go. */
  readonly id: string | null;
  readonly name: string;
  /** False for one that is gone, and for the callbacks' receivers: there is nothing to name in a filter. */
  readonly configured: boolean;
  readonly letters: readonly DeliveryShape[];
  readonly groups: readonly Group[];
}

function by(letters: readonly DeliveryShape[], key: (letter: DeliveryShape) => string): DeliveryShape[][] {
  const groups = new Map<string, DeliveryShape[]>();
  for (const letter of letters) groups.set(key(letter), [...(groups.get(key(letter)) ?? []), letter]);
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

/** By destination, and within it by error; the largest first. */
const grouped = (letters: readonly DeliveryShape[]): readonly Receiver[] =>
  by(letters, ({ destination }) => destination ?? "").flatMap((of): Receiver[] => {
    const [first] = of;
    if (first === undefined) return [];
    const { destination: id, destination_slug: slug } = first;
    const groups = by(of, ({ last_error }) => last_error ?? "").map((same) => ({
      error: same[0]?.last_error ?? null,
      letters: same,
    }));
    return [{ id, name: slug ?? id ?? "no destination", configured: slug !== null, letters: of, groups }];
  });

export const errorText = (error: string | null): string => error?.replaceAll("_", " ") ?? "no reason known";
const deliveries = (number: number): string => (number === 1 ? "1 delivery" : `${number} deliveries`);

/** Replays that bring dead letters back: those that run, and those that ended a moment ago. */
async function redrives(api: Api, now: number, destination: string | null): Promise<readonly ReplayShape[]> {
  const runs = await api.get<List<ReplayShape>>("/replays", { limit: LATEST_RUNS });
  return runs.data.filter(
    ({ status, finished_at, filter }) =>
      (filter.status === null || filter.status === "dead") &&
      (status === "running" || now - Date.parse(finished_at ?? "") < JUST_MS) &&
      (destination === null || filter.destination === null || filter.destination === destination),
  );
}

async function list(c: Ctx, problem: ProblemBody | null = null, notice: string | null = null): Promise<Response> {
  const api = c.get("api");
  const given = c.req.query("destination") || undefined;
  const cursor = c.req.query("cursor");
  const [letters, destinations] = await Promise.all([
    api.get<List<DeliveryShape>>("/deliveries", { status: "dead", limit: PAGE, destination: given, cursor }),
    allOf<DestinationShape>(api, "/destinations"),
  ]);
  const chosen = destinations.find(({ id, slug }) => id === given || slug === given);
  const runs = await redrives(api, c.get("now"), chosen?.id ?? given ?? null);
  const names = await namesOf(
    api,
    runs.map(({ filter }) => filter),
  );
  const none = letters.data.length === 0 && letters.next_cursor === null && cursor === undefined;
  const whole = letters.next_cursor === null && cursor === undefined;
  return page(
    c,
    { title: "Dead letters", room: "dead-letters", live: cursor === undefined },
    <>
      <ProblemNotice problem={problem} />
      {notice !== null && (
        <p class="notice warn" role="status">
          {notice}
        </p>
      )}
      <Filters c={c} clear={["destination"]}>
        <Select
          label="Destination"
          name="destination"
          value={chosen?.id ?? given}
          options={[["", "All"], ...destinations.map(({ id, name }) => [id, name] as const)]}
        />
      </Filters>
      <div id="redrives" data-live data-poll={runs.some(({ status }) => status === "running") ? "" : undefined}>
        {runs.map((run) => {
          const text = filterText(run.filter, names);
          return (
            <section class="card" aria-label={text}>
              <div class="heading">
                <h2>
                  <a href={`/replays/${run.id}`}>{text}</a>
                </h2>
                <RunBadge run={run} />
              </div>
              <RunBar run={run} label={`Redrive: ${text}`} />
              <RunLegend run={run} />
            </section>
          );
        })}
      </div>
      <div id="letters" data-live>
        {none ? (
          <Empty title="No dead letters">
            <p>
              A delivery ends here when its attempts or its time are used up, or when the receiver does not want it.
              From here it can be sent again.
            </p>
          </Empty>
        ) : (
          grouped(letters.data).map((receiver) => <ReceiverCard c={c} receiver={receiver} whole={whole} />)
        )}
        <Pager c={c} next={letters.next_cursor} shown={letters.data.length} what="dead letters" />
      </div>
    </>,
    problem === null ? 200 : 422,
  );
}

/** @param whole whether the page holds all that there are */
const ReceiverCard = ({ c, receiver, whole }: { c: Ctx; receiver: Receiver; whole: boolean }) => (
  <section class="card" id={`to-${receiver.id ?? "nowhere"}`}>
    <div class="heading">
      <h2>
        {receiver.configured ? (
          <a href={`/destinations/${receiver.id}`}>{receiver.name}</a>
        ) : (
          <Inert text={receiver.name} max={128} />
        )}
      </h2>
      <span class="muted">
        {deliveries(receiver.letters.length)}
        {whole ? "" : " on this page"}
      </span>
      {receiver.configured && (
        <div class="actions">
          <a class="button primary" href={planHref({ status: "dead", destination: receiver.id })}>
            Redrive all<span class="visually-hidden"> to {receiver.name}</span>…
          </a>
        </div>
      )}
    </div>
    {receiver.groups.map((group, index) => (
      <GroupForm c={c} receiver={receiver} group={group} id={`${receiver.id ?? "nowhere"}-${index}`} whole={whole} />
    ))}
  </section>
);

const GroupForm = ({
  c,
  receiver,
  group,
  id,
  whole,
}: {
  c: Ctx;
  receiver: Receiver;
  group: Group;
  id: string;
  whole: boolean;
}) => {
  const number = group.letters.length;
  const several = number > 1;
  const what = ` to ${receiver.name}: ${errorText(group.error).slice(0, 80)}`;
  const Button = ({ value, label, tone }: { value: string; label: string; tone?: "danger" }) => (
    <button class={tone === undefined ? "button" : `button ${tone}`} type="submit" name="do" value={value}>
      {label}
      <span class="visually-hidden">{what}</span>
      {tone === "danger" && "…"}
    </button>
  );
  return (
    <form class="group" method="post" action="/dead-letters">
      <Csrf c={c} />
      <input type="hidden" name="back" value={here(c, {})} />
      <input type="hidden" name="destination" value={receiver.id ?? ""} />
      <input type="hidden" name="error" value={group.error ?? ""} />
      {group.letters.map((letter) => (
        <input type="hidden" name="group" value={letter.id} />
      ))}
      <div class="heading">
        <h3>
          <Inert text={errorText(group.error)} max={200} />
        </h3>
        {number < receiver.letters.length && <span class="muted">{deliveries(number)}</span>}
        <div class="actions">
          <Button value="redrive-group" label={number === 1 ? "Redrive it" : `Redrive these ${number}`} />
          <button class="button danger" type="submit" formaction="/dead-letters/discard">
            Discard {number === 1 && whole ? "it" : "all"}
            <span class="visually-hidden">{what}</span>…
          </button>
        </div>
      </div>
      <details id={`letters-${id}`} open={number <= 10}>
        <summary>
          Show {number === 1 ? "it" : "them"}
          <span class="visually-hidden">{what}</span>
        </summary>
        {several && (
          <div class="buttons selection">
            <label class="all" hidden data-all>
              <input type="checkbox" />
              Select all
            </label>
            <Button value="redrive" label="Redrive selected" />
            <Button value="discard" label="Discard selected" tone="danger" />
          </div>
        )}
        <Table
          label={`Dead letters${what}`}
          head={[...(several ? ["Select"] : []), "Event", "Given up", "Attempts", "Last answer", ""]}
          numeric={[several ? 3 : 2]}
          rows={group.letters.map((letter) => ({
            id: letter.id,
            cells: [
              ...(several
                ? [
                    <input
                      type="checkbox"
                      name="id"
                      value={letter.id}
                      aria-label={`Select the delivery ${letter.id}`}
                    />,
                  ]
                : []),
              <a href={`/events/${letter.event_id}#${letter.id}`} class="mono">
                {letter.event_id}
              </a>,
              <Time at={letter.finished_at} />,
              String(letter.attempts_made),
              letter.last_response_status === null ? "none" : `HTTP ${letter.last_response_status}`,
              <button class="button quiet" type="submit" formaction={`/deliveries/${letter.id}/retry`} data-retry>
                Retry<span class="visually-hidden"> {letter.event_id}</span>
              </button>,
            ],
          }))}
        />
      </details>
    </form>
  );
};

/** Does the same to each, some at a time. @returns the answers, in order */
export async function each<T>(
  ids: readonly string[],
  call: (id: string) => Promise<Answer<T>>,
): Promise<readonly Answer<T>[]> {
  const answers: Answer<T>[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE)
    answers.push(...(await Promise.all(ids.slice(from, from + AT_ONCE).map(call))));
  return answers;
}

const idsOf = (given: readonly string[] | undefined): string[] =>
  [...new Set(given)].filter((id) => /^dlv_[0-9a-z]+$/.test(id)).slice(0, PAGE);

async function act(c: Ctx): Promise<Response> {
  const form = await readForm(c);
  const [what] = form["do"] ?? [];
  const back = localPath(form["back"]?.[0]) ?? "/dead-letters";
  const ids = idsOf(what === "redrive-group" ? form["group"] : form["id"]);
  if (ids.length === 0) return list(c, null, "Nothing was selected.");
  if (what === "discard") {
    const asked = await confirmed(c, {
      title: "Discard dead letters?",
      text: `${ids.length === 1 ? "This delivery" : `These ${ids.length} deliveries`} will be cancelled and leave this list. The events stay on record.`,
      label: ids.length === 1 ? "Discard it" : `Discard ${ids.length}`,
      back,
      room: "dead-letters",
    });
    if (asked !== null) return asked;
  }
  const step = what === "discard" ? "cancel" : "retry";
  const answers = await each(ids, (id) => c.get("api").send("POST", `/deliveries/${id}/${step}`));
  const refused = answers.find((answer) => !answer.ok);
  const failed = answers.filter((answer) => !answer.ok).length;
  if (refused !== undefined && !refused.ok && failed === ids.length) return list(c, refused.problem);
  if (failed > 0) return list(c, null, `${ids.length - failed} done; ${failed} were no longer dead or on their way.`);
  return c.redirect(`${back}${back.includes("?") ? "&" : "?"}done=${step === "cancel" ? "discarded" : "retried"}`, 303);
}

export function mountDeadLetters(app: Hono<DashEnv>): void {
  app.get("/dead-letters", (c) => list(c));
  app.post("/dead-letters", (c) => act(c));
}
