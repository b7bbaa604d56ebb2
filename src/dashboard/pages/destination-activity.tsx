// What happened at a destination of late: attempts over a day, responses, the latest attempts, and what waits and until when.
import { SECOND_MS } from "../../kernel/durations.ts";
import { Badge } from "../components/badge.tsx";
import { Bars } from "../components/chart.tsx";
import { codeWords } from "../../model/error-words.ts";
import { NextAttempt } from "../components/next-attempt.tsx";
import { count, percent } from "../components/number.ts";
import { Table } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { HealthShape, Stats } from "../shapes.ts";

/** Attempts of the range: one unit, so successes and failures stack. */
export const AttemptsChart = ({ stats, select }: { stats: Stats; select?: string }) => (
  <Bars
    label="Attempts"
    aside={`per ${span(stats.interval_seconds * SECOND_MS)}`}
    {...(select === undefined ? {} : { select })}
    series={[
      { label: "succeeded", tone: "ok" },
      { label: "failed", tone: "warn" },
    ]}
    bars={((stats.overall ?? stats.series[0])?.points ?? []).map((point) => ({
      from: point.at,
      to: new Date(Date.parse(point.at) + stats.interval_seconds * SECOND_MS).toISOString(),
      values: [point.attempts - point.failed_attempts, point.failed_attempts],
    }))}
  />
);

/** `200`, or `timeout`: an attempt without a response. */
const responseText = (response: string): string => (/^\d+$/.test(response) ? `HTTP ${response}` : codeWords(response));

/** The latest deliveries of all destinations are searched for its own, as far as is affordable. */
const noAttempts = ({ health }: HealthShape): string =>
  health === "never_used" ? "None yet." : "None among the latest deliveries.";

const Responses = ({ of }: { of: HealthShape }) => {
  const { responses, sampled_deliveries } = of;
  const total = responses.reduce((sum, one) => sum + one.count, 0);
  return (
    <section class="card">
      <h2>Responses</h2>
      {total === 0 ? (
        <p class="muted">{noAttempts(of)}</p>
      ) : (
        <>
          <Table
            label="Responses"
            head={["Response", "Attempts", "Share"]}
            numeric={[1, 2]}
            rows={responses.map((one) => ({
              id: `response-${one.response}`,
              cells: [responseText(one.response), count(one.count), percent(one.count / total)],
            }))}
          />
          <p class="hint">Of the latest {count(sampled_deliveries)} deliveries.</p>
        </>
      )}
    </section>
  );
};

const Waiting = ({ of: { next_due } }: { of: HealthShape }) => (
  <section class="card">
    <h2>Waiting</h2>
    {next_due.length === 0 ? (
      <p class="muted">Nothing waits.</p>
    ) : (
      <Table
        label="Deliveries that wait"
        head={["Event", "State", "Next attempt"]}
        rows={next_due.map((one) => ({
          id: `due-${one.delivery}`,
          cells: [
            <a href={`/events/${one.event}#${one.delivery}`} class="mono">
              {one.event}
            </a>,
            <Badge
              status={one.status}
              {...(one.deferred_by === null ? {} : { label: `${one.status}: ${one.deferred_by.replaceAll("_", " ")}` })}
            />,
            one.status === "held" ? "when it is resumed" : <NextAttempt of={one} />,
          ],
        }))}
      />
    )}
  </section>
);

const RecentAttempts = ({ of }: { of: HealthShape }) => (
  <section class="card">
    <h2>Latest attempts</h2>
    {of.recent_attempts.length === 0 ? (
      <p class="muted">{noAttempts(of)}</p>
    ) : (
      <Table
        label="Latest attempts"
        head={["Started", "Response", "Duration", "Attempt", "Event"]}
        numeric={[2, 3]}
        rows={of.recent_attempts.map((attempt) => ({
          id: `attempt-${attempt.delivery}-${attempt.number}`,
          cells: [
            <Time at={attempt.started_at} />,
            <Badge
              status={attempt.error === null ? "ok" : "failing"}
              label={responseText(String(attempt.response_status ?? attempt.error ?? "confirmed"))}
            />,
            span(attempt.duration_ms),
            String(attempt.number),
            <a href={`/events/${attempt.event}#${attempt.delivery}`} class="mono">
              {attempt.event}
            </a>,
          ],
        }))}
      />
    )}
  </section>
);

export const DestinationActivity = ({ health, stats }: { health: HealthShape; stats: Stats | null }) => (
  <div id="activity" data-live>
    {stats !== null && <AttemptsChart stats={stats} />}
    <div class="columns">
      <Waiting of={health} />
      <Responses of={health} />
    </div>
    <RecentAttempts of={health} />
  </div>
);
