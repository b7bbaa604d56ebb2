// A destination's current state: circuit, pace, backlog, recent results.
import type { Child } from "hono/jsx";
import { Badge } from "../components/badge.tsx";
import { errorText } from "../../model/error-words.ts";
import { Inert } from "../components/inert.tsx";
import { count, percent } from "../components/number.ts";
import { Facts } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { HealthShape } from "../shapes.ts";

type Limits = Pick<HealthShape["pace"], "rate_limit" | "max_concurrency">;

const WAITING = ["scheduled", "pending", "deferred", "retrying", "held"];
const inState = ({ backlog }: HealthShape, status: string): number => backlog[status] ?? 0;

/** Deliveries that wait, in any state that is not final. */
const waiting = (health: HealthShape): number => WAITING.reduce((sum, status) => sum + inState(health, status), 0);

export function limitsText({ rate_limit: limit, max_concurrency: places }: Limits): string {
  const configured = [
    limit === null ? [] : [`${limit.limit} per ${limit.period_seconds === 1 ? "second" : `${limit.period_seconds} s`}`],
    places === null ? [] : [`${places} at a time`],
  ].flat();
  return configured.length === 0 ? "no limit" : configured.join(", ");
}

const inUse = ({ pace }: HealthShape): Child => (
  <>
    {pace.rate_per_second === null ? "unlimited" : `${pace.rate_per_second} per second`}
    {pace.throttled === true && (
      <>
        {" "}
        <Badge status="reduced_pace" label="reduced after a 429 or 503" />
      </>
    )}
    {pace.in_use !== null &&
      pace.max_concurrency !== null &&
      `, ${pace.in_use} of ${pace.max_concurrency} concurrent requests in use`}
  </>
);

export const HealthCard = ({ of }: { of: HealthShape }) => (
  <section class="card" id="health" data-live>
    <h2>Current state</h2>
    <Facts
      of={[
        [
          "State",
          <>
            {[of.health, ...of.health_reasons.filter((reason) => reason !== of.health)].map((state) => (
              <>
                <Badge status={state} />{" "}
              </>
            ))}
          </>,
        ],
        ...(of.circuit_reason === null
          ? []
          : ([
              [
                "Circuit opened",
                <>
                  because of {of.circuit_reason.replaceAll("_", " ")}, <Time at={of.circuit_opened_at} kind="ago" />
                </>,
              ],
            ] as const)),
        ...(of.circuit_open_until === null
          ? []
          : ([["Next probe", <Time at={of.circuit_open_until} kind="until" />]] as const)),
        ...(of.paused_until === null
          ? []
          : ([["Waiting (Retry-After)", <Time at={of.paused_until} kind="until" />]] as const)),
        ...(of.listeners === null
          ? []
          : ([["Listeners", of.listeners === 0 ? "none is connected" : `${count(of.listeners)} connected`]] as const)),
        ["Configured pace", limitsText(of.pace)],
        ["Current pace", inUse(of)],
        [
          "Waiting",
          waiting(of) === 0 ? (
            "none"
          ) : (
            <>
              {count(waiting(of))} (
              {WAITING.filter((status) => inState(of, status) > 0)
                .map((status) => `${count(inState(of, status))} ${status}`)
                .join(", ")}
              )
            </>
          ),
        ],
        [
          "Dead letters",
          inState(of, "dead") === 0 ? (
            "none"
          ) : (
            <a href={`/dead-letters?destination=${of.destination}`}>{count(inState(of, "dead"))}</a>
          ),
        ],
        ["Oldest waiting", of.oldest_waiting === null ? "none" : <Time at={of.oldest_waiting.created_at} kind="ago" />],
        ["Success rate of recent attempts", percent(of.success_rate)],
        ["Latency p50 / p95 / p99", [of.latency_ms.p50, of.latency_ms.p95, of.latency_ms.p99].map(span).join(" / ")],
        ["Last error", of.last_error === null ? "none" : <Inert text={errorText(of.last_error)} max={200} />],
      ]}
    />
  </section>
);
