// Dead letters of a page by destination and error. Each group is a form that redrives or discards selected ones, or all of them.
import type { Ctx } from "../deps.ts";
import { Csrf } from "../layout.tsx";
import { planHref } from "../forms/replay-form.ts";
import type { DeliveryShape } from "../shapes.ts";
import { errorText } from "../../model/error-words.ts";
import { Inert } from "./inert.tsx";
import { deliveryHref } from "./delivery-href.ts";
import { here } from "./pager.tsx";
import { Table } from "./table.tsx";
import { Time } from "./time.tsx";
import { TypeCell } from "./type-cell.tsx";

interface Group {
  readonly error: string | null;
  readonly letters: readonly DeliveryShape[];
}

interface Receiver {
  /** Null if the destination is no longer known. */
  readonly id: string | null;
  readonly name: string;
  /** False for deleted destinations and receivers of callbacks, which no filter can name. */
  readonly configured: boolean;
  readonly letters: readonly DeliveryShape[];
  readonly groups: readonly Group[];
}

function by(letters: readonly DeliveryShape[], key: (letter: DeliveryShape) => string): DeliveryShape[][] {
  const groups = new Map<string, DeliveryShape[]>();
  for (const letter of letters) groups.set(key(letter), [...(groups.get(key(letter)) ?? []), letter]);
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

/** By destination, then by error; largest groups first. */
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

const deliveries = (number: number): string => (number === 1 ? "1 delivery" : `${number} deliveries`);

/** One card for each destination. @param whole whether the page has all dead letters */
export const LetterGroups = ({ c, letters, whole }: { c: Ctx; letters: readonly DeliveryShape[]; whole: boolean }) => (
  <>
    {grouped(letters).map((receiver) => (
      <ReceiverCard c={c} receiver={receiver} whole={whole} />
    ))}
  </>
);

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
          <a
            class="button primary"
            href={planHref({ status: "dead", destination: receiver.id, type: c.req.query("type") ?? null })}
          >
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
          <Button value="redrive-group" label={number === 1 ? "Redrive" : `Redrive these ${number}`} />
          <button class="button danger" type="submit" formaction="/dead-letters/discard">
            Discard{number === 1 && whole ? "" : " all"}
            <span class="visually-hidden">{what}</span>…
          </button>
        </div>
      </div>
      <details id={`letters-${id}`} open={number <= 10}>
        <summary>
          Show {deliveries(number)}
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
          head={[...(several ? ["Select"] : []), "Event", "Type", "Ended", "Attempts", "Last response", ""]}
          numeric={[several ? 4 : 3]}
          rows={group.letters.map((letter) => ({
            id: letter.id,
            cells: [
              ...(several
                ? [<input type="checkbox" name="id" value={letter.id} aria-label={`Select delivery ${letter.id}`} />]
                : []),
              <a href={deliveryHref(letter)} class="mono row-link">
                {letter.event_id}
              </a>,
              <TypeCell c={c} type={letter.event_type} what="dead letters" />,
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
