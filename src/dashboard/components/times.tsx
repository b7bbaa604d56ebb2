// The range of time of a list: one of the last minutes or hours, or two instants. Without JavaScript these are in UTC; the script shows and takes them in
// the viewer's time zone. Either way the URL has them in UTC.
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../kernel/durations.ts";
import type { Ctx } from "../deps.ts";
import { Field, type FieldErrors } from "./fields.tsx";
import { here } from "./pager.tsx";

const RANGES = [
  ["15m", "15 min", 15 * MINUTE_MS],
  ["1h", "1 h", HOUR_MS],
  ["24h", "24 h", DAY_MS],
  ["7d", "7 d", 7 * DAY_MS],
] as const;

export interface Times {
  /** For the API: RFC 3339 where the given text is an instant, else as given. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** `1h`: from that long ago until now. */
  readonly range: string | null;
}

/** The query parameters of a range of time. */
export const TIME_NAMES = ["from", "to", "range"] as const;
/** Of a link that leads to other times. */
export const NO_TIMES = { from: null, to: null, range: null } as const;

/** A date, or a date and a time without a zone, is in UTC. What is no instant stays as it is, for the API to refuse. */
export const inUtc = (text: string | undefined): string | undefined => {
  const [, day, minute = "00:00", second = ":00"] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?)?$/.exec(text ?? "") ?? [];
  return day === undefined ? text || undefined : `${day}T${minute}${second}Z`;
};

/** Instants in the URL take precedence over its range. A range that there is not becomes `from`, for the API to refuse. */
export function readTimes(c: Ctx): Times {
  const [from, to, range] = [inUtc(c.req.query("from")), inUtc(c.req.query("to")), c.req.query("range") || undefined];
  if (range === undefined || from !== undefined || to !== undefined) return { from, to, range: null };
  const known = RANGES.find(([name]) => name === range);
  if (known === undefined) return { from: range, to, range: null };
  return { from: new Date(c.get("now") - known[2]).toISOString(), to: undefined, range: known[0] };
}

/** The parameters that the two fields show: those of a range are links beside them. */
export const fieldNames = ({ range }: Times): readonly string[] => (range === null ? TIME_NAMES : []);

/** What keeps the times of the first page on the further ones. */
export const pinned = ({ from, range }: Times): Readonly<Record<string, string | null>> =>
  range === null ? {} : { range: null, from: from ?? null };

const Instant = ({
  label,
  name,
  given,
  error,
}: {
  label: string;
  name: "from" | "to";
  given: string | undefined;
  error: string | undefined;
}) => {
  const at = given === undefined ? NaN : Date.parse(given);
  return (
    <Field
      label={
        <>
          {label} <span data-zone>(UTC)</span>
        </>
      }
      name={name}
      // What is no instant stays, for its error.
      type={given !== undefined && Number.isNaN(at) ? "text" : "datetime-local"}
      value={Number.isNaN(at) ? given : new Date(at).toISOString().slice(0, 19)}
      error={error}
      seconds
    />
  );
};

/** The two fields of a range of time. @param under where the API's errors have the fields: `/query` for `/query/from` @param of plural noun that begins the labels: `Events` */
export const TimeFields = ({
  times,
  errors,
  under = "/query",
  of,
}: {
  times: Times;
  errors: FieldErrors;
  under?: string;
  of?: string;
}) => {
  const label = (word: string): string => (of === undefined ? word : `${of} ${word.toLowerCase()}`);
  return (
    <>
      {times.range !== null && <input type="hidden" name="range" value={times.range} />}
      <Instant
        label={label("From")}
        name="from"
        given={times.range === null ? times.from : undefined}
        error={errors(`${under}/from`)}
      />
      <Instant label={label("To")} name="to" given={times.to} error={errors(`${under}/to`)} />
    </>
  );
};

/** Links to the latest minutes and hours. */
export const Ranges = ({ c, times }: { c: Ctx; times: Times }) => (
  <nav class="buttons ranges" aria-label="Time range">
    {RANGES.map(([range, label]) => (
      <a
        class="button quiet"
        href={here(c, { ...NO_TIMES, range, cursor: null })}
        aria-current={times.range === range ? "true" : undefined}
      >
        {label}
      </a>
    ))}
    {(times.from !== undefined || times.to !== undefined) && (
      <a class="button quiet" href={here(c, { ...NO_TIMES, cursor: null })}>
        Any time
      </a>
    )}
  </nav>
);
