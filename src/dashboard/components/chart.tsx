// Charts: SVG rendered here and colored by the stylesheet, with axes, a text summary for screen readers, the values of each bar on hover, and the
// numbers in a table below. One chart has one unit: what is stacked can be added up.
import type { Child } from "hono/jsx";
import { count, short } from "./number.ts";
import { shortUtc, Time } from "./time.tsx";

/** A line without axes, as wide as its cell. @param label what it shows, for screen readers */
export const Sparkline = ({ values, label }: { values: readonly number[]; label: string }) => {
  const max = Math.max(1, ...values);
  const step = 100 / Math.max(1, values.length - 1);
  const points = values.map((value, index) => `${(index * step).toFixed(1)},${(22 - (value / max) * 20).toFixed(1)}`);
  return (
    <svg class="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label={label}>
      {values.length > 1 && <polyline points={points.join(" ")} />}
    </svg>
  );
};

export interface Bar {
  /** RFC 3339. */
  readonly from: string;
  readonly to: string;
  /** Stacked from the bottom up, one for each series. */
  readonly values: readonly number[];
}

export interface Series {
  readonly label: string;
  readonly tone: "ok" | "bad" | "warn" | "info" | "idle";
}

const HEIGHT = 96;
/** First digits of the scale's end: its half is a whole number too. */
const ROUND = [1, 2, 4, 6, 8, 10];

/** The end of the scale: the lowest round number that holds the highest bar. */
export function scaleEnd(highest: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(1, highest)));
  return unit * (ROUND.find((digit) => digit * unit >= highest) ?? 10);
}

const sumOf = ({ values }: Bar): number => values.reduce((sum, value) => sum + value, 0);

/** One path for each series with all its bars. */
function outlines(bars: readonly Bar[], count: number, width: number, end: number): string[] {
  const paths = Array.from({ length: count }, () => "");
  bars.forEach((bar, at) => {
    let y = HEIGHT;
    bar.values.forEach((value, index) => {
      if (value === 0) return;
      // A value above zero is always visible.
      const height = Math.max(1.5, (value / end) * HEIGHT);
      y -= height;
      const wide = (width * 0.8).toFixed(1);
      paths[index] +=
        `M${(at * width + width * 0.1).toFixed(1)} ${y.toFixed(1)}h${wide}v${height.toFixed(1)}h-${wide}z`;
    });
  });
  return paths;
}

/** The values in words: `12 delivered, 1 dead`. */
const inWords = (series: readonly Series[], values: readonly (number | undefined)[]): string =>
  series.map(({ label }, index) => `${count(values[index])} ${label}`).join(", ");

/** Invisible bars of full height, whose titles the browser shows on hover. The script puts the viewer's time into them. */
const HoverBars = ({ bars, series, width }: { bars: readonly Bar[]; series: readonly Series[]; width: number }) => (
  <>
    {bars.map((bar, at) =>
      sumOf(bar) === 0 ? null : (
        <rect class="hover" x={(at * width).toFixed(1)} width={width.toFixed(1)} height={HEIGHT} data-at={bar.from}>
          <title>{`${shortUtc(bar.from)} UTC: ${inWords(series, bar.values)}`}</title>
        </rect>
      ),
    )}
  </>
);

interface BarsProps {
  readonly label: string;
  readonly series: readonly Series[];
  readonly bars: readonly Bar[];
  /** The page that a selected range opens, with `from` and `to` added. */
  readonly select?: string;
  /** Next to the title, such as what the bars are per. */
  readonly aside?: Child;
}

/** Stacked bars over time. */
export const Bars = ({ label, series, bars, select, aside }: BarsProps) => {
  const highest = Math.max(0, ...bars.map(sumOf));
  const end = scaleEnd(highest);
  const total = series.map((_one, index) => bars.reduce((sum, bar) => sum + (bar.values[index] ?? 0), 0));
  const summary = `${label}: ${inWords(series, total)}. Highest bar: ${count(highest)}.`;
  const width = 1_000 / Math.max(1, bars.length);
  const shapes = outlines(bars, series.length, width, end);
  const ticks = end === 1 ? [1, 0] : [end, end / 2, 0];
  const middle = bars[Math.floor(bars.length / 2)];
  return (
    <figure
      class="chart"
      data-select={select}
      data-from={bars[0]?.from}
      data-to={bars.at(-1)?.to}
      data-bars={bars.length}
    >
      <p class="chart-title">
        <b>{label}</b> {aside !== undefined && <span class="muted">{aside}</span>}
      </p>
      <div class="plot">
        <div class="axis-y" aria-hidden="true">
          {ticks.map((tick) => (
            <span>{short(tick)}</span>
          ))}
        </div>
        <svg viewBox={`0 0 1000 ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
          {ticks.map((tick) => (
            <line
              class={tick === 0 ? "ground" : "grid"}
              x1="0"
              x2="1000"
              y1={HEIGHT - (tick / end) * HEIGHT}
              y2={HEIGHT - (tick / end) * HEIGHT}
            />
          ))}
          {series.map((one, index) => (
            <path class={one.tone} d={shapes[index]} />
          ))}
          <HoverBars bars={bars} series={series} width={width} />
        </svg>
        <div class="axis-x" aria-hidden="true">
          <Time at={bars[0]?.from} kind="axis" />
          {bars.length > 2 && <Time at={middle?.from} kind="axis" />}
          <Time at={bars.at(-1)?.to} kind="axis" />
        </div>
      </div>
      <figcaption>
        <ul class="legend">
          {series.map((one, index) => (
            <li class={one.tone}>
              {one.label} <b>{count(total[index])}</b>
            </li>
          ))}
        </ul>
        <Numbers label={label} series={series} bars={bars} {...(select === undefined ? {} : { select })} />
      </figcaption>
    </figure>
  );
};

/** The same as a table, of the bars that are not empty. */
const Numbers = ({ label, series, bars, select }: BarsProps) => (
  <details>
    <summary>Numbers</summary>
    <div class="scroll" tabindex={0} role="region" aria-label={`${label} in numbers`}>
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            {series.map((one) => (
              <th scope="col" class="number">
                {one.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bars
            .filter((bar) => sumOf(bar) > 0)
            .map((bar) => (
              <tr>
                <th scope="row">
                  {select === undefined ? (
                    <Time at={bar.from} />
                  ) : (
                    <a href={`${select}${select.includes("?") ? "&" : "?"}from=${bar.from}&to=${bar.to}`}>
                      <Time at={bar.from} />
                    </a>
                  )}
                </th>
                {bar.values.map((value) => (
                  <td class="number">{count(value)}</td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  </details>
);
