// Times and durations. The server renders UTC; the script shows the viewer's time zone, with the exact time on hover.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** An instant of the API, which is in UTC, as `24 Nov 12:00:00 UTC`. Not by `Date`, which takes half a millisecond for the times of a list. */
const inUtc = (instant: string): string =>
  `${instant.slice(8, 10)} ${MONTHS[Number(instant.slice(5, 7)) - 1]} ${instant.slice(11, 19)} UTC`;

/** `24 Nov 12:00`, in UTC. */
export const shortUtc = (instant: string): string => inUtc(instant).slice(0, 12);

/** A point in time. @param kind `until` counts down to it, `ago` counts up from it, `axis` is short */
export const Time = ({ at, kind }: { at: string | null | undefined; kind?: "until" | "ago" | "axis" }) =>
  at == null ? (
    <span class="muted">–</span>
  ) : (
    <time datetime={at} title={at} data-kind={kind}>
      {kind === "axis" ? shortUtc(at) : inUtc(at)}
    </time>
  );

/** Formats milliseconds: `850 ms`, `1.2 s`, `3 min`, `2.5 h`, `4 d`. */
export function span(ms: number | null | undefined): string {
  if (ms == null) return "–";
  const abs = Math.abs(ms);
  if (abs < 1_000) return `${Math.round(ms)} ms`;
  const [value, unit] =
    abs < 60_000
      ? [ms / 1_000, "s"]
      : abs < 3_600_000
        ? [ms / 60_000, "min"]
        : abs < 172_800_000
          ? [ms / 3_600_000, "h"]
          : [ms / 86_400_000, "d"];
  return `${Number(value.toFixed(value < 10 ? 1 : 0))} ${unit}`;
}
