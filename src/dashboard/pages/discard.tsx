// Discards all dead letters of one destination and error, however many: so many at a time, each time telling how far it is. With JavaScript
// it goes on by itself, without it by a button. What dies after the question was answered stays.
import type { Hono } from "hono";
import { toInstant } from "../../kernel/clock.ts";
import { ApiProblem, type Api } from "../api-client.ts";
import { confirmed } from "../components/confirm.tsx";
import { Inert } from "../components/inert.tsx";
import { errorText } from "../components/letter-groups.tsx";
import { count } from "../components/number.ts";
import type { Ctx, DashEnv } from "../deps.ts";
import { each } from "../each.ts";
import { readForm } from "../forms/submit.ts";
import { Csrf, page } from "../layout.tsx";
import { localPath } from "../security.ts";
import type { DeliveryShape, DestinationShape, List, ReplayPlan } from "../shapes.ts";

/** Dead letters that one step looks at in a call, and such calls while none has the error. */
const PAGE = 100;
const PAGES = 5;

/** How far it has come; travels in the form from step to step. */
interface Progress {
  /** Dead letters to the destination when it began, as far as they could be counted. 0 where nobody knows. */
  readonly total: number;
  readonly seen: number;
  readonly discarded: number;
  /** Of those some were sent again or discarded by others. */
  readonly passed: number;
}

const numberOf = (text: string | undefined): number => (/^\d{1,9}$/.test(text ?? "") ? Number(text) : 0);

async function discard(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const sent = await readForm(c);
  const field = (name: string): string => sent[name]?.[0] ?? "";
  const [destination, error] = [field("destination"), field("error")];
  const back = localPath(field("back")) ?? "/dead-letters";
  const receiver =
    destination === "" ? null : await api.find<DestinationShape>(`/destinations/${encodeURIComponent(destination)}`);
  const name = receiver?.slug ?? (destination || "no destination");
  const asked = await confirmed(c, {
    title: "Discard all of these dead letters?",
    text: (
      <>
        Every dead letter to <strong>{name}</strong> that ended with “
        <Inert text={errorText(error || null)} max={300} />” is cancelled, also those that the list did not show. They
        leave the dead letters; their events stay on record and can be replayed.
      </>
    ),
    label: "Discard them all",
    back,
    room: "dead-letters",
  });
  if (asked !== null) return asked;

  const until = field("until") || toInstant(c.get("now"));
  const total = field("until") === "" ? await countOf(c, receiver) : numberOf(field("total"));
  const { found, looked, cursor } = await nextLetters(
    api,
    receiver,
    field("cursor") || null,
    (letter) =>
      (letter.destination ?? "") === destination &&
      (letter.last_error ?? "") === error &&
      (letter.finished_at ?? "") <= until,
  );
  const seen = numberOf(field("seen")) + looked;
  const answers = await each(
    found.map(({ id }) => id),
    (id) => api.send("POST", `/deliveries/${id}/cancel`),
  );
  const refused = answers.find((answer) => !answer.ok && answer.status !== 409 && answer.status !== 404);
  if (refused !== undefined && !refused.ok) throw new ApiProblem(refused.problem);
  const passed = answers.filter((answer) => !answer.ok).length;
  const progress: Progress = {
    total: Math.max(total, seen),
    seen,
    discarded: numberOf(field("discarded")) + answers.length - passed,
    passed: numberOf(field("passed")) + passed,
  };
  const carried = { destination, error, back, until, cursor: cursor ?? "", confirm: "yes" };
  return page(
    c,
    { title: "Discarding dead letters", room: "dead-letters", trail: [["Dead letters", back]] },
    <Step c={c} name={name} error={error} progress={progress} carried={cursor === null ? null : carried} back={back} />,
  );
}

/** The next page of dead letters with some that are meant, or the last one looked at. */
async function nextLetters(
  api: Api,
  receiver: DestinationShape | null,
  from: string | null,
  meant: (letter: DeliveryShape) => boolean,
): Promise<{ readonly found: readonly DeliveryShape[]; readonly looked: number; readonly cursor: string | null }> {
  let [cursor, looked] = [from, 0];
  for (let turn = 1; ; turn++) {
    const letters: List<DeliveryShape> = await api.get<List<DeliveryShape>>("/deliveries", {
      status: "dead",
      limit: PAGE,
      destination: receiver?.id,
      cursor,
    });
    cursor = letters.next_cursor;
    looked += letters.data.length;
    const found = letters.data.filter(meant);
    if (found.length > 0 || cursor === null || turn === PAGES) return { found, looked, cursor };
  }
}

/** Counted by the plan of a replay that nobody starts. 0 where it cannot be. */
async function countOf(c: Ctx, receiver: DestinationShape | null): Promise<number> {
  if (receiver === null) return 0;
  const plan = { status: "dead", destination: receiver.id, dry_run: true };
  const answer = await c.get("api").send<ReplayPlan>("POST", "/replays", plan);
  return answer.ok ? answer.data.matched : 0;
}

const Step = ({
  c,
  name,
  error,
  progress,
  carried,
  back,
}: {
  c: Ctx;
  name: string;
  error: string;
  progress: Progress;
  /** What the next step needs; null when this was the last. */
  carried: Readonly<Record<string, string>> | null;
  back: string;
}) => (
  <div class="card narrow" id="discarding">
    <p>
      Dead letters to <strong>{name}</strong> that ended with “<Inert text={errorText(error || null)} max={300} />
      ”.
    </p>
    <progress
      max={progress.total}
      value={carried === null ? progress.total : progress.seen}
      aria-label="Looked through"
    />
    <p role="status">
      <strong>{count(progress.discarded)} discarded</strong>
      {carried === null
        ? "; none of them is left."
        : `; ${count(progress.seen)} of some ${count(progress.total)} dead letters to ${name} looked through.`}
      {progress.passed > 0 && ` ${count(progress.passed)} were passed over: under way, or no longer dead.`}
    </p>
    {carried === null ? (
      <a class="button" href={back}>
        To the dead letters
      </a>
    ) : (
      <form method="post" action="/dead-letters/discard" data-continue>
        <Csrf c={c} />
        {Object.entries({ ...carried, ...progress }).map(([field, value]) => (
          <input type="hidden" name={field} value={String(value)} />
        ))}
        <div class="buttons">
          <button class="button danger" type="submit">
            Go on discarding
          </button>
          <a class="button" href={back}>
            Stop here
          </a>
        </div>
      </form>
    )}
  </div>
);

export function mountDiscard(app: Hono<DashEnv>): void {
  app.post("/dead-letters/discard", (c) => discard(c));
}
