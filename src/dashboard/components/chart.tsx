// Charts: SVG rendered here and colored by the stylesheet, with a text summary for screen readers and the numbers in a table below.
import { count } from "./number.ts";
import { Time } from "./time.tsx";

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

/** One path for each series with all its bars. */
function outlines(bars: readonly Bar[], count: number, width: number, max: number): string[] {
  const paths = Array.from({ length: count }, () => "");
  bars.forEach((bar, at) => {
    let y = HEIGHT;
    bar.values.forEach((value, index) => {
      if (value === 0) return;
      // A value above zero is always visible.
      const height = Math.max(1.5, (value / max) * (HEIGHT - 4));
      y -= height;
      const wide = (width * 0.8).toFixed(1);
      paths[index] +=
        `M${(at * width + width * 0.1).toFixed(1)} ${y.toFixed(1)}h${wide}v${height.toFixed(1)}h-${wide}z`;
    });
  });
  return paths;
}

/** Stacked bars over time. @param select the page that a selected range opens, with `from` and `to` added */
export const Bars = ({
  label,
  series,
  bars,
  select,
}: {
  label: string;
  series: readonly Series[];
  bars: readonly Bar[];
  select?: string;
}) => {
  const max = Math.max(1, ...bars.map((bar) => bar.values.reduce((sum, value) => sum + value, 0)));
  const total = series.map((_one, index) => bars.reduce((sum, bar) => sum + (bar.values[index] ?? 0), 0));
  const summary = `${label}: ${series.map((one, index) => `${count(total[index])} ${one.label}`).join(", ")}. Highest bar: ${count(max)}.`;
  const width = 1_000 / Math.max(1, bars.length);
  const shapes = outlines(bars, series.length, width, max);
  return (
    <figure
      class="chart"
      data-select={select}
      data-from={bars[0]?.from}
      data-to={bars.at(-1)?.to}
      data-bars={bars.length}
    >
      <svg viewBox={`0 0 1000 ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        <line class="ground" x1="0" x2="1000" y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {series.map((one, index) => (
          <path class={one.tone} d={shapes[index]} />
        ))}
      </svg>
      <figcaption>
        <ul class="legend">
          {series.map((one, index) => (
            <li class={one.tone}>
              {one.label} <b>{count(total[index])}</b>
            </li>
          ))}
        </ul>
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
                  .filter((bar) => bar.values.some((value) => value > 0))
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
      </figcaption>
    </figure>
  );
};
