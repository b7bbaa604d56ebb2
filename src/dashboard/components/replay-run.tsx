// A bulk replay as text and as a progress bar, the same on every page that shows one.
import type { Child } from "hono/jsx";
import type { Api } from "../api-client.ts";
import type { ReplayShape } from "../shapes.ts";
import { Badge } from "./badge.tsx";
import { inertText } from "./inert.tsx";
import { count } from "./number.ts";
import { Time } from "./time.tsx";
import { codeWords } from "../../model/error-words.ts";

type Filter = ReplayShape["filter"];

/** Names by id. An id that is missing here is shown itself. */
export type Names = ReadonlyMap<string, string>;

/** Looks up the names in these filters, one call per different id. Deleted records have none. */
export async function readNames(api: Api, filters: readonly Filter[]): Promise<Names> {
  const paths = new Map<string, string>();
  for (const { source, destination, connection } of filters) {
    if (source !== null) paths.set(source, `/sources/${source}`);
    if (destination !== null) paths.set(destination, `/destinations/${destination}`);
    if (connection !== null) paths.set(connection, `/connections/${connection}`);
  }
  const found = await Promise.all(
    [...paths].map(async ([id, path]) => [id, (await api.find<{ name: string }>(path))?.name] as const),
  );
  return new Map(found.flatMap(([id, name]) => (name === undefined ? [] : [[id, name] as const])));
}

const WHAT = {
  dead: "Dead letters",
  delivered: "Delivered",
  cancelled: "Cancelled",
  ignored: "Ignored events",
} as const;

/** `Dead letters to orders from shop`. */
export function filterText(filter: Filter, names: Names): string {
  const { status, source, destination, connection, event, type, cause } = filter;
  const named = (word: string, id: string | null): string => (id === null ? "" : ` ${word} ${names.get(id) ?? id}`);
  return (
    (status === null ? "Delivered and dead" : WHAT[status]) +
    (type === null ? "" : ` of type ${inertText(type)}`) +
    named("to", destination) +
    named("from", source) +
    named("via", connection) +
    named("of event", event) +
    (cause === null ? "" : ` that failed with ${codeWords(cause)}`)
  );
}

/** `events from … to …`; nothing if the filter has no times. */
export const FilterTimes = ({ filter: { from, to } }: { filter: Filter }) =>
  from === null && to === null ? null : (
    <>
      events{" "}
      {from !== null && (
        <>
          from <Time at={from} />
        </>
      )}{" "}
      {to !== null && (
        <>
          to <Time at={to} />
        </>
      )}
    </>
  );

/** `1,234`, or `at least 25,000` while the number is not exact. */
export const matchedText = ({ matched, matched_exact }: Pick<ReplayShape, "matched" | "matched_exact">): string =>
  matched_exact ? count(matched) : `at least ${count(matched)}`;

export const paceText = (ratePerSecond: number): string => `${ratePerSecond} per second`;

/** Also shows failures of a replay that is done. */
export const RunBadge = ({ run: { status, queued, failed } }: { run: ReplayShape }) =>
  status !== "done" || failed === 0 ? (
    <Badge status={status} />
  ) : failed === queued ? (
    <Badge status="dead" label="done, all failed" />
  ) : (
    <Badge status="failing" label={`done, ${count(failed)} failed`} />
  );

/** Progress in numbers. Deliveries that were retried elsewhere match but are never queued: they count only while the replay is running. */
export function progress(run: ReplayShape) {
  const ended = run.done + run.failed;
  const total = run.status === "done" ? run.queued : Math.max(run.matched, run.queued);
  return { ended, total, underWay: run.queued - ended, left: total - run.queued };
}

const WIDTH = 1_000;

/** Green: delivered, red: failed, blue: queued; the rest is still to come. @param label names the replay */
export const RunBar = ({ run, label }: { run: ReplayShape; label: string }) => {
  const { ended, total, underWay } = progress(run);
  let x = 0;
  const piece = (value: number): string => {
    const width = total === 0 ? 0 : (value / total) * WIDTH;
    const path = `M${x.toFixed(1)} 0h${width.toFixed(1)}v8h-${width.toFixed(1)}z`;
    x += width;
    return path;
  };
  return (
    <div
      class="run-bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(1, total)}
      aria-valuenow={total === 0 && run.status === "done" ? 1 : ended}
      aria-valuetext={`${count(ended)} of ${matchedText({ ...run, matched: total })} have ended, ${count(run.failed)} failed`}
    >
      <svg viewBox={`0 0 ${WIDTH} 8`} preserveAspectRatio="none" aria-hidden="true">
        <path class="ok" d={piece(run.done)} />
        <path class="bad" d={piece(run.failed)} />
        <path class="info" d={piece(underWay)} />
      </svg>
    </div>
  );
};

/** The bar's colors with their numbers. */
export const RunLegend = ({ run }: { run: ReplayShape }) => {
  const { underWay, left } = progress(run);
  const line = (tone: string, label: string, value: Child) => (
    <li class={tone}>
      {label} <b>{value}</b>
    </li>
  );
  return (
    <ul class="legend">
      {line("ok", "delivered", count(run.done))}
      {line("bad", "failed again", count(run.failed))}
      {line("info", "queued", count(underWay))}
      {run.status !== "done" &&
        line(
          "ground",
          run.status === "running" ? "remaining" : "not queued",
          `${run.matched_exact ? "" : "at least "}${count(left)}`,
        )}
    </ul>
  );
};
