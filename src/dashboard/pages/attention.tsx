// The first part of the overview: alerts that fire, and alerts whose notices fail.
import { Badge } from "../components/badge.tsx";
import { Inert } from "../components/inert.tsx";
import { Time } from "../components/time.tsx";
import type { AlertShape } from "../shapes.ts";
import { ruleWords, valueWords } from "./alert-words.ts";

/** Empty if there are none. */
export const Attention = ({ alerts }: { alerts: readonly AlertShape[] }) => {
  const urgent = alerts.filter(({ state, unsent }) => state === "firing" || (unsent?.attempts ?? 0) > 0);
  return urgent.length === 0 ? null : (
    <section class="card attention" aria-labelledby="attention-title">
      <h2 id="attention-title">Needs attention</h2>
      <ul>
        {urgent.map((alert) => (
          <li>
            {alert.state === "firing" && <Badge status="firing" />}
            {(alert.unsent?.attempts ?? 0) > 0 && <Badge status="notice_failed" />}
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
