// Requests that a source refused within the last day: counts by reason, and recent samples.
import { Inert } from "../components/inert.tsx";
import { count } from "../components/number.ts";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Rejections } from "../shapes.ts";

const SHOWN = 10;

export const Refused = ({ of }: { of: Rejections }) => (
  <section class="card">
    <h2>Refused in the last 24 hours</h2>
    {of.total === 0 ? (
      <p class="muted">None.</p>
    ) : (
      <>
        <ul class="legend">
          {of.counts.map(({ reason, count: times }) => (
            <li class="bad">
              {reason.replaceAll("_", " ")}: {count(times)}
            </li>
          ))}
        </ul>
        <Table
          label="Recent refused requests"
          head={["Time", "Reason", "Cause", "Request"]}
          rows={of.samples.slice(0, SHOWN).map((sample, index) => ({
            id: `refused-${index}`,
            cells: [
              <Time at={sample.at} />,
              sample.reason.replaceAll("_", " "),
              <Inert text={sample.cause ?? "–"} max={200} />,
              <details>
                <summary>
                  <Inert text={`${sample.method} ${sample.path}${sample.query}`} max={80} />
                </summary>
                <pre tabindex={0} role="region" aria-label="Headers and beginning of the body">
                  {sample.headers.map(([name, value]) => (
                    <>
                      <Inert text={`${name}: ${value}`} max={600} />
                      {"\n"}
                    </>
                  ))}
                  {"\n"}
                  <Inert text={sample.body} max={1_024} />
                </pre>
              </details>,
            ],
          }))}
        />
      </>
    )}
  </section>
);
