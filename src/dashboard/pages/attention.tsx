// The first part of the overview: sources that refuse everything, destinations that nothing gets through to, alerts that fire, and alerts whose
// notices fail.
import { isFailing } from "../../model/health.ts";
import { Badge } from "../components/badge.tsx";
import { Inert } from "../components/inert.tsx";
import { count } from "../components/number.ts";
import { Time } from "../components/time.tsx";
import type { AlertShape, DestinationShape, SourceShape } from "../shapes.ts";
import { ruleWords, valueWords } from "./alert-words.ts";
import { urlOf } from "./alert-editor.tsx";

/** Of each kind. The tables below have all. */
const SHOWN = 5;

const RefusingSource = ({ of }: { of: SourceShape }) => (
  <li>
    <Badge status={of.health ?? "unknown"} />
    <a href={`/refused?source=${of.slug}`}>
      Source <Inert text={of.name} max={128} />
    </a>
    <strong>{count(of.last_day?.refused)} refused in 24 hours</strong>
    <span class="muted">Nothing of it is kept. A wrong secret is the usual cause.</span>
  </li>
);

const FailingDestination = ({ of }: { of: DestinationShape }) => (
  <li>
    <Badge status={of.health ?? "unknown"} />
    <a href={`/destinations/${of.slug}`}>
      Destination <Inert text={of.name} max={128} />
    </a>
    {of.recent !== undefined && of.recent.attempts > 0 && (
      <strong>
        {count(of.recent.failed)} of {count(of.recent.attempts)} latest attempts failed
      </strong>
    )}
    {of.state?.circuit_open_until != null && (
      <span class="muted">
        next probe <Time at={of.state.circuit_open_until} kind="until" />
      </span>
    )}
  </li>
);

const UrgentAlert = ({ of: alert }: { of: AlertShape }) => (
  <li>
    {alert.state === "firing" && <Badge status="firing" />}
    {(alert.unsent?.attempts ?? 0) > 0 && <Badge status="notice_failed" />}
    <a href={urlOf(alert)}>
      <Inert text={alert.name} max={128} />
    </a>
    {alert.state === "firing" && <strong>{valueWords(alert)}</strong>}
    <span class="muted">
      {ruleWords(alert.rule)}, <Time at={alert.since} kind="ago" />
    </span>
  </li>
);

/** Empty if there is nothing. */
export const Attention = ({
  alerts,
  sources,
  destinations,
}: {
  alerts: readonly AlertShape[];
  sources: readonly SourceShape[];
  destinations: readonly DestinationShape[];
}) => {
  const urgent = alerts.filter(({ state, unsent }) => state === "firing" || (unsent?.attempts ?? 0) > 0);
  const failing = <T extends SourceShape | DestinationShape>(all: readonly T[]): readonly T[] =>
    all.filter(({ health }) => health !== undefined && isFailing(health)).slice(0, SHOWN);
  const [refusing, failed] = [failing(sources), failing(destinations)];
  return urgent.length + refusing.length + failed.length === 0 ? null : (
    <section class="card attention" aria-labelledby="attention-title">
      <h2 id="attention-title">Needs attention</h2>
      <ul>
        {refusing.map((source) => (
          <RefusingSource of={source} />
        ))}
        {failed.map((destination) => (
          <FailingDestination of={destination} />
        ))}
        {urgent.map((alert) => (
          <UrgentAlert of={alert} />
        ))}
      </ul>
    </section>
  );
};
