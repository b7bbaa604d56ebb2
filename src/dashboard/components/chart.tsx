// Charts: SVG made here, coloured by the stylesheet, with a sentence for who cannot see them and the numbers in a table below.
import type { Child } from "hono/jsx";
import { count } from "./number.ts";

/** A line without axes, as wide as its cell. @param label says in words what it shows */
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
  /** Instants, RFC 3339. */
  readonly from: string;
  readonly to: string;
  /** Stacked from the ground up, one for each series. */
  readonly values: readonly number[];
}

export interface Series {
  readonly label: string;
  readonly tone: "ok" | "bad" | "warn" | "info" | "idle";
}

const HEIGHT = 96;

/** Stacked bars over time. @param select where a range that the viewer draws leads: `/events`, with `from` and `to` added */
export const Bars = ({
  label,
  series,
  bars,
  select,
  row,
}: {
  label: string;
  series: readonly Series[];
  bars: readonly Bar[];
  select?: string;
  /** The first cell of a bar's row in the table. */
  row: (bar: Bar) => Child;
}) => {
  const max = Math.max(1, ...bars.map((bar) => bar.values.reduce((sum, value) => sum + value, 0)));
  const total = series.map((_one, index) => bars.reduce((sum, bar) => sum + (bar.values[index] ?? 0), 0));
  const summary = `${label}: ${series.map((one, index) => `${count(total[index])} ${one.label}`).join(", ")}. At most ${count(max)} in one bar.`;
  const width = 1_000 / Math.max(1, bars.length);
  return (
    <figure class="chart" data-select={select}>
      <svg viewBox={`0 0 1000 ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        <line class="ground" x1="0" x2="1000" y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {bars.map((bar, at) => {
          let y = HEIGHT;
          return (
            <g data-from={bar.from} data-to={bar.to}>
              <rect class="hit" x={(at * width).toFixed(1)} y="0" width={width.toFixed(1)} height={HEIGHT} />
              {bar.values.map((value, index) => {
                // What is there at all is seen.
                const height = value === 0 ? 0 : Math.max(1.5, (value / max) * (HEIGHT - 4));
                y -= height;
                return value === 0 ? null : (
                  <rect
                    class={series[index]?.tone}
                    x={(at * width + width * 0.1).toFixed(1)}
                    y={y.toFixed(1)}
                    width={(width * 0.8).toFixed(1)}
                    height={height.toFixed(1)}
                  />
                );
              })}
            </g>
          );
        })}
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
                      <th scope="row">{row(bar)}</th>
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
