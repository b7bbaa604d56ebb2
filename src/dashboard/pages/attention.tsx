// What the overview shows first: alerts that fire, and those that nobody can be told of.
import { Badge } from "../components/badge.tsx";
import { Inert } from "../components/inert.tsx";
import { Time } from "../components/time.tsx";
import type { AlertShape } from "../shapes.ts";
import { ruleWords, valueWords } from "./alert-words.ts";

/** Nothing when nothing is wrong. */
export const Attention = ({ alerts }: { alerts: readonly AlertShape[] }) => {
  const urgent = alerts.filter(({ state, unsent }) => state === "firing" || (unsent?.attempts ?? 0) > 0);
  return urgent.length === 0 ? null : (
    <section class="card attention" aria-labelledby="attention-title">
      <h2 id="attention-title">Needs attention</h2>
      <ul>
        {urgent.map((alert) => (
          <li>
            {alert.state === "firing" && <Badge status="firing" />}
            {(alert.unsent?.attempts ?? 0) > 0 && <Badge status="untold" />}
            <a href={`/settings/alerts/${alert.id}`}>
              <Inert text={alert.name} max={128} />
            </a>
            {alert.state === "firing" && <strong>{valueWords(alert)}</strong>}
            <span class="muted">
              {ruleWords(alert.rule)}, <Time at={alert.since} kind="ago" />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
};
