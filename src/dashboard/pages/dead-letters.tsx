// Dead letters: what was given up, by destination and error; sent again or discarded, one by one, by group, or all of a destination.
// One page of the list is grouped at a time, so that what is read stays bounded.
import type { Hono } from "hono";
import type { Answer, ProblemBody } from "../api-client.ts";
import { confirmed } from "../components/confirm.tsx";
import { Empty } from "../components/empty.tsx";
import { ProblemNotice, Select } from "../components/fields.tsx";
import { Filters } from "../components/filters.tsx";
import { Inert } from "../components/inert.tsx";
import { Pager } from "../components/pager.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import { allOf } from "../all-of.ts";
import type { Ctx, DashEnv } from "../deps.ts";
import { readForm } from "../forms/submit.ts";
import { Csrf, page } from "../layout.tsx";
import type { DeliveryShape, DestinationShape, List } from "../shapes.ts";

const PAGE = 200;
/** Calls under way at a time when a selection is worked through. */
const AT_ONCE = 8;

interface Group {
  readonly destination: string;
  readonly id: string | null;
  readonly error: string;
  readonly letters: readonly DeliveryShape[];
}

/** Largest group first. */
export function grouped(letters: readonly DeliveryShape[]): readonly Group[] {
  const groups = new Map<string, DeliveryShape[]>();
  for (const letter of letters) {
    const key = `${letter.destination ?? ""}\n${letter.last_error ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), letter]);
  }
  return [...groups.values()]
    .flatMap((group): Group[] => {
      const [first] = group;
      if (first === undefined) return [];
      const { destination: id, destination_slug: slug, last_error: error } = first;
      return [{ id, destination: slug ?? id ?? "no destination", error: error ?? "no reason known", letters: group }];
    })
    .sort((a, b) => b.letters.length - a.letters.length);
}

async function list(c: Ctx, problem: ProblemBody | null = null, notice: string | null = null): Promise<Response> {
  const api = c.get("api");
  const destination = c.req.query("destination");
  const [letters, destinations] = await Promise.all([
    api.get<List<DeliveryShape>>("/deliveries", {
      status: "dead",
      limit: PAGE,
      destination,
      cursor: c.req.query("cursor"),
    }),
    allOf<DestinationShape>(api, "/destinations"),
  ]);
  const none = letters.data.length === 0 && letters.next_cursor === null;
  return page(
    c,
    { title: "Dead letters", room: "dead-letters" },
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
          value={destination}
          options={[["", "All"], ...destinations.map(({ id, name }) => [id, name] as const)]}
        />
      </Filters>
      {none ? (
        <Empty title="No dead letters">
          <p>
            A delivery ends here when its attempts or its time are used up, or when the receiver does not want it. From
            here it can be sent again.
          </p>
        </Empty>
      ) : (
        grouped(letters.data).map((group, index) => <GroupCard c={c} group={group} index={index} />)
      )}
      <Pager c={c} next={letters.next_cursor} shown={letters.data.length} what="dead letters" />
    </>,
    problem === null ? 200 : 422,
  );
}

const GroupCard = ({ c, group, index }: { c: Ctx; group: Group; index: number }) => {
  const number = group.letters.length;
  return (
    <form class="card" method="post" action="/dead-letters" id={`group-${index}`}>
      <Csrf c={c} />
      <div class="heading">
        <h2>
          {group.id === null ? group.destination : <a href={`/destinations/${group.id}`}>{group.destination}</a>}:{" "}
          <Inert text={group.error.replaceAll("_", " ")} max={200} />
        </h2>
        <span class="muted">{number === 1 ? "1 delivery" : `${number} deliveries`}</span>
        <div class="actions">
          <button class="button primary" type="submit" name="do" value="redrive-group">
            Redrive {number === 1 ? "it" : `all ${number}`}
            <span class="visually-hidden"> to {group.destination}</span>
          </button>
          <button class="button" type="submit" name="do" value="redrive">
            Redrive selected<span class="visually-hidden"> to {group.destination}</span>
          </button>
          <button class="button danger" type="submit" name="do" value="discard">
            Discard selected<span class="visually-hidden"> to {group.destination}</span>…
          </button>
        </div>
      </div>
      {group.letters.map((letter) => (
        <input type="hidden" name="group" value={letter.id} />
      ))}
      <details open={number <= 10 || index === 0}>
        <summary>Show them</summary>
        <label class="all" hidden data-all>
          <input type="checkbox" />
          Select all
        </label>
        <Table
          label={`Dead letters to ${group.destination}`}
          head={["Select", "Event", "Given up", "Attempts", "Last answer"]}
          numeric={[3]}
          rows={group.letters.map((letter) => ({
            id: letter.id,
            cells: [
              <input type="checkbox" name="id" value={letter.id} aria-label={`Select the delivery ${letter.id}`} />,
              <a href={`/events/${letter.event_id}`} class="mono">
                {letter.event_id}
              </a>,
              <Time at={letter.finished_at} />,
              String(letter.attempts_made),
              letter.last_response_status === null ? "none" : `HTTP ${letter.last_response_status}`,
            ],
          }))}
        />
      </details>
    </form>
  );
};

/** Does the same to each, some at a time. @returns the answers, in order */
async function each<T>(ids: readonly string[], call: (id: string) => Promise<Answer<T>>): Promise<Answer<T>[]> {
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
  const ids = idsOf(what === "redrive-group" ? form["group"] : form["id"]);
  if (ids.length === 0) return list(c, null, "Nothing was selected.");
  if (what === "discard") {
    const asked = await confirmed(c, {
      title: "Discard dead letters?",
      text: `${ids.length === 1 ? "This delivery" : `These ${ids.length} deliveries`} will be cancelled and leave this list. The events stay on record.`,
      label: "Discard",
      back: "/dead-letters",
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
  return c.redirect(`/dead-letters?done=${step === "cancel" ? "discarded" : "retried"}`, 303);
}

export function mountDeadLetters(app: Hono<DashEnv>): void {
  app.get("/dead-letters", (c) => list(c));
  app.post("/dead-letters", (c) => act(c));
}
