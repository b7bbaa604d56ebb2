// Events or deliveries over time by all filters of their list: from counters where these know the filters, else counted from what is on record, as far as
// one answer examines.
import { DAY_MS, SECOND_MS } from "../../kernel/durations.ts";
import type { Ctx } from "../deps.ts";
import type { Counts, Stats } from "../shapes.ts";
import { Bars, type Bar, type Series } from "./chart.tsx";
import { here } from "./pager.tsx";
import { intervalFor, parseInstant } from "./range.ts";
import { Time } from "./time.tsx";
import { NO_TIMES, type Times } from "./times.tsx";

export interface OverTime {
  readonly series: readonly Series[];
  readonly bars: readonly Bar[];
  /** How far back it is complete, if not for all of the range. */
  readonly countedFrom: string | null;
  readonly note?: string;
}

/** The note of a search: its chart covers only the events on the page. */
export const FOUND = "found on this page";

/** Each series with the names of the counts that it adds up. */
type Kinds = readonly (readonly [Series, ...string[]])[];

const EVENTS: Kinds = [[{ label: "events", tone: "info" }, "events", "accepted"]];
const DELIVERIES: Kinds = [
  [{ label: "delivered", tone: "ok" }, "delivered"],
  [{ label: "dead", tone: "bad" }, "dead"],
  [{ label: "retrying", tone: "warn" }, "retrying"],
  [{ label: "waiting", tone: "info" }, "scheduled", "pending", "deferred"],
  [{ label: "held or cancelled", tone: "idle" }, "held", "cancelled"],
];

/** Counters count steps: of these only the ends are deliveries. */
const ENDS = DELIVERIES.slice(0, 2);

const sums = (kinds: Kinds, counts: Readonly<Record<string, unknown>>): number[] =>
  kinds.map(([, ...names]) => names.reduce((sum, name) => sum + Number(counts[name] ?? 0), 0));

const barsOf = (
  kinds: Kinds,
  intervalSeconds: number,
  points: readonly { readonly at: string; readonly counts: Readonly<Record<string, unknown>> }[],
): Bar[] =>
  points.map(({ at, counts }) => ({
    from: at,
    to: new Date(Date.parse(at) + intervalSeconds * SECOND_MS).toISOString(),
    values: sums(kinds, counts),
  }));

/** Without series that are empty all along; with one at least. */
function shown({ series, bars, ...rest }: OverTime): OverTime {
  const used = series
    .map((_one, index) => index)
    .filter((index) => bars.some(({ values }) => (values[index] ?? 0) > 0));
  const kept = used.length === 0 ? [0] : used;
  return {
    ...rest,
    series: kept.flatMap((index) => series[index] ?? []),
    bars: bars.map((bar) => ({ ...bar, values: kept.map((index) => bar.values[index] ?? 0) })),
  };
}

/**
 * @param filters of the list, by their names in the API, besides the times; those that are empty do not count
 * @returns null where the range is none
 */
export async function readOverTime(
  c: Ctx,
  what: "events" | "deliveries",
  filters: Readonly<Record<string, string | undefined>>,
  times: Times,
): Promise<OverTime | null> {
  const now = c.get("now");
  const to = parseInstant(times.to) ?? now;
  const from = parseInstant(times.from) ?? to - DAY_MS;
  if (from >= to) return null;
  const given = Object.entries(filters).flatMap(([name, value]) => (value ? [name] : []));
  const counters = what === "events" ? ["source"] : ["source", "destination"];
  const isCounted = given.every((name) => counters.includes(name));
  const kinds = what === "events" ? EVENTS : isCounted ? ENDS : DELIVERIES;
  const query = {
    ...filters,
    from: new Date(from).toISOString(),
    // Events of this very millisecond are in it.
    to: new Date(parseInstant(times.to) === null ? to + 1 : to).toISOString(),
    interval: intervalFor(to - from, isCounted ? now - from : 0),
  };
  const series = kinds.map(([one]) => one);
  if (!isCounted) {
    const answer = await c.get("api").send<Counts>("GET", `/stats/${what}`, undefined, query);
    if (!answer.ok) return null;
    const { interval_seconds, points, complete, counted_from } = answer.data;
    return shown({
      series,
      bars: barsOf(kinds, interval_seconds, points),
      countedFrom: complete ? null : counted_from,
    });
  }
  const only = what === "events" ? "events" : undefined;
  const answer = await c.get("api").send<Stats>("GET", "/stats", undefined, { ...query, only });
  if (!answer.ok) return null;
  const points = (answer.data.series[0]?.points ?? []).map((point) => ({ at: point.at, counts: point }));
  return shown({
    series,
    bars: barsOf(kinds, answer.data.interval_seconds, points),
    countedFrom: null,
    ...(what === "deliveries" && { note: "by when they ended" }),
  });
}

/** @param label plural noun */
export const Histogram = ({ c, label, of, times }: { c: Ctx; label: string; of: OverTime; times: Times }) => (
  <Bars
    label={label}
    select={here(c, { ...NO_TIMES, cursor: null })}
    series={of.series}
    bars={of.bars}
    aside={
      of.countedFrom === null ? (
        [
          times.from === undefined && times.to === undefined && of.note !== FOUND ? "the last 24 hours" : "",
          of.note ?? "",
        ]
          .filter((text) => text !== "")
          .join(", ")
      ) : (
        <>
          counted back to <Time at={of.countedFrom} />: choose an earlier time to count older ones
        </>
      )
    }
  />
);
