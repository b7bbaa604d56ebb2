// Discards all dead letters of one destination and error, however many, in steps that report their progress. With JavaScript the steps
// continue automatically, without it by a button. Deliveries that die after the confirmation stay.
import type { Hono } from "hono";
import { toInstant } from "../../kernel/clock.ts";
import { ApiProblem, type Api } from "../api-client.ts";
import { confirmed } from "../components/confirm.tsx";
import { Inert } from "../components/inert.tsx";
import { errorText } from "../../model/error-words.ts";
import { count } from "../components/number.ts";
import type { Ctx, DashEnv } from "../deps.ts";
import { each } from "../each.ts";
import { readForm } from "../forms/submit.ts";
import { Csrf, page } from "../layout.tsx";
import { localPath } from "../security.ts";
import type { DeliveryShape, DestinationShape, List, ReplayPlan } from "../shapes.ts";

/** Dead letters that one call reads, and calls per step while none has the error. */
const PAGE = 100;
const PAGES = 5;

/** The progress, passed in the form from step to step. */
interface Progress {
  /** Dead letters of the destination at the beginning, as far as they could be counted; 0 if unknown. */
  readonly total: number;
  readonly seen: number;
  readonly discarded: number;
  /** Skipped: retried or discarded elsewhere in the meantime. */
  readonly skipped: number;
}

const parseCount = (text: string | undefined): number => (/^\d{1,9}$/.test(text ?? "") ? Number(text) : 0);

async function discard(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const sent = await readForm(c);
  const field = (name: string): string => sent[name]?.[0] ?? "";
  const [destination, error] = [field("destination"), field("error")];
  const back = localPath(field("back")) ?? "/dead-letters";
  const receiver =
    destination === "" ? null : await api.find<DestinationShape>(`/destinations/${encodeURIComponent(destination)}`);
  const name = receiver?.slug ?? (destination || "an unknown destination");
  const asked = await confirmed(c, {
    title: "Discard all of these dead letters?",
    text: (
      <>
        Every dead letter to <strong>{name}</strong> that ended with “
        <Inert text={errorText(error || null)} max={300} />” is discarded, including those that the list did not show.
        Their events stay on record and can be replayed.
      </>
    ),
    label: "Discard all",
    back,
    room: "dead-letters",
  });
  if (asked !== null) return asked;

  const until = field("until") || toInstant(c.get("now"));
  const total = field("until") === "" ? await countDeadLetters(c, receiver) : parseCount(field("total"));
  const { found, looked, cursor } = await nextLetters(
    api,
    receiver,
    field("cursor") || null,
    (letter) =>
      (letter.destination ?? "") === destination &&
      (letter.last_error ?? "") === error &&
      (letter.finished_at ?? "") <= until,
  );
  const seen = parseCount(field("seen")) + looked;
  const answers = await each(
    found.map(({ id }) => id),
    (id) => api.send("POST", `/deliveries/${id}/cancel`),
  );
  const refused = answers.find((answer) => !answer.ok && answer.status !== 409 && answer.status !== 404);
  if (refused !== undefined && !refused.ok) throw new ApiProblem(refused.problem);
  const skipped = answers.filter((answer) => !answer.ok).length;
  const progress: Progress = {
    total: Math.max(total, seen),
    seen,
    discarded: parseCount(field("discarded")) + answers.length - skipped,
    skipped: parseCount(field("skipped")) + skipped,
  };
  const carried = { destination, error, back, until, cursor: cursor ?? "", confirm: "yes" };
  return page(
    c,
    { title: "Discarding dead letters", room: "dead-letters", trail: [["Dead letters", back]] },
    <Step c={c} name={name} error={error} progress={progress} carried={cursor === null ? null : carried} back={back} />,
  );
}

/** The next page with matching dead letters, or the last page that was read. */
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

/** Counts with the plan of a replay that is not started; 0 if that fails. */
async function countDeadLetters(c: Ctx, receiver: DestinationShape | null): Promise<number> {
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
  /** Fields of the next step; null if this was the last. */
  carried: Readonly<Record<string, string>> | null;
  back: string;
}) => (
  <div class="card narrow" id="discarding">
    <p>
      Dead letters to <strong>{name}</strong> that ended with “<Inert text={errorText(error || null)} max={300} />
      ”.
    </p>
    <progress max={progress.total} value={carried === null ? progress.total : progress.seen} aria-label="Progress" />
    <p role="status">
      <strong>{count(progress.discarded)} discarded</strong>
      {carried === null
        ? "; none are left."
        : `; ${count(progress.seen)} of about ${count(progress.total)} dead letters to ${name} checked.`}
      {progress.skipped > 0 && ` ${count(progress.skipped)} were skipped: being sent, or no longer dead.`}
    </p>
    {carried === null ? (
      <a class="button" href={back}>
        Back to dead letters
      </a>
    ) : (
      <form method="post" action="/dead-letters/discard" data-continue>
        <Csrf c={c} />
        {Object.entries({ ...carried, ...progress }).map(([field, value]) => (
          <input type="hidden" name={field} value={String(value)} />
        ))}
        <div class="buttons">
          <button class="button danger" type="submit">
            Continue
          </button>
          <a class="button" href={back}>
            Stop
          </a>
        </div>
      </form>
    )}
  </div>
);

export function mountDiscard(app: Hono<DashEnv>): void {
  app.post("/dead-letters/discard", (c) => discard(c));
}
