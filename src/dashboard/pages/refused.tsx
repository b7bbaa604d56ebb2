// Refused requests: a page with all of them by source and reason, and the part of one source's page. Nothing of them is kept but samples.
import type { Hono } from "hono";
import { DAY_MS, HOUR_MS } from "../../kernel/durations.ts";
import type { RefusalReason } from "../../model/rejection.ts";
import { Bars } from "../components/chart.tsx";
import { ChoiceFilter, readChoices } from "../components/choice.tsx";
import { errorsOf } from "../components/fields.tsx";
import { Filters } from "../components/filters.tsx";
import { Inert } from "../components/inert.tsx";
import { count } from "../components/number.ts";
import { here } from "../components/pager.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import type { Rejections, SourceShape } from "../shapes.ts";

/** Samples on the page of a source, and on the page of all. */
const SHOWN = 10;
const SHOWN_OF_ALL = 30;
const SHOWN_SLUGS = 20;
const RANGES = { "24h": ["24 hours", DAY_MS], "7d": ["7 days", 7 * DAY_MS], "30d": ["30 days", 30 * DAY_MS] } as const;

/** What to do about it. */
const ADVICE: Readonly<Record<RefusalReason, string>> = {
  unknown_source: "No source has this slug, or it is disabled: check the URL at the sender.",
  method_not_allowed: "Allow the method on the source, or change it at the sender.",
  head_too_large: "The sender's headers are too large.",
  loop_detected: "A destination sends back to this source.",
  body_too_large: "Raise the source's maximum body size.",
  verification_failed: "The secret is usually wrong: copy it from the provider again.",
  awaiting_secret: "The source has no secret yet: enter it.",
  rate_limited: "The sender passes the source's rate limit.",
  backpressure: "The queue was full: the sender was asked to come back.",
  unavailable: "Nothing could take it at that moment: the sender was asked to come back.",
};

/** What to do about a cause that says more than its reason. */
const ADVICE_OF_CAUSE: Readonly<Record<string, string>> = {
  timestamp_too_old:
    "A replayed request, or the sender's clock is slow. If the provider retries for longer, raise tolerance_seconds.",
  timestamp_in_future: "The sender's clock is fast.",
  ip_not_allowed: "The sender's address is not among the source's allowed IP addresses.",
  missing_signature: "The request was not signed: turn signatures on at the sender, or something else sends here.",
};

/** Advice on the causes among the samples, each once. */
function adviceOn({ samples }: Rejections, { source, reason }: Rejections["counts"][number]): string {
  const of = samples.filter((sample) => sample.source === source && sample.reason === reason);
  const advice = of.map(({ cause }) => ADVICE_OF_CAUSE[cause ?? ""] ?? ADVICE[reason]);
  return advice.length === 0 ? ADVICE[reason] : [...new Set(advice)].join(" ");
}

/** What an edit of the source mends. */
const MENDED_BY_EDIT: readonly RefusalReason[] = [
  "verification_failed",
  "awaiting_secret",
  "method_not_allowed",
  "body_too_large",
  "rate_limited",
];

const reasonText = (reason: string): string => reason.replaceAll("_", " ");

type Sample = Rejections["samples"][number];

const Request = ({ of: sample }: { of: Sample }) => (
  <details>
    <summary>
      <Inert text={`${sample.method} ${sample.path === "" ? "/" : sample.path}${sample.query}`} max={80} />
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
  </details>
);

const sourceLink = (sample: Pick<Sample, "source" | "source_slug">, slug: string | null = null) =>
  sample.source === null ? (
    <Inert text={slug ?? "unknown source"} max={65} />
  ) : (
    <a href={`/sources/${sample.source}`}>{sample.source_slug ?? sample.source}</a>
  );

const Samples = ({ of, withSource }: { of: readonly Sample[]; withSource: boolean }) => (
  <Table
    label="Recent refused requests"
    head={["Time", ...(withSource ? ["Source"] : []), "Reason", "Cause", "Request"]}
    rows={of.map((sample, index) => ({
      id: `refused-${index}`,
      cells: [
        <Time at={sample.at} />,
        ...(withSource ? [sourceLink(sample, sample.slug)] : []),
        reasonText(sample.reason),
        <Inert text={reasonText(sample.cause ?? "–")} max={200} />,
        <Request of={sample} />,
      ],
    }))}
  />
);

/** Of one source, within the last day. */
export const Refused = ({ of, source }: { of: Rejections; source: { readonly slug: string } }) => (
  <section class="card">
    <h2>Refused in the last 24 hours</h2>
    {of.total === 0 ? (
      <p class="muted">None.</p>
    ) : (
      <>
        <ul class="legend">
          {of.counts.map(({ reason, count: times }) => (
            <li class="bad">
              {reasonText(reason)}: {count(times)}
            </li>
          ))}
        </ul>
        <Samples of={of.samples.slice(0, SHOWN)} withSource={false} />
        <a href={`/refused?source=${source.slug}`}>All refused requests of this source</a>
      </>
    )}
  </section>
);

/** Every hour of the range, with what was refused in it. */
function hourly({ from, to, hours }: Rejections): Parameters<typeof Bars>[0]["bars"] {
  const sums = new Map<number, number>();
  for (const { hour, count: times } of hours) sums.set(Date.parse(hour), (sums.get(Date.parse(hour)) ?? 0) + times);
  const step = Date.parse(to) - Date.parse(from) > 2 * DAY_MS ? 6 * HOUR_MS : HOUR_MS;
  const start = Math.floor(Date.parse(from) / step) * step;
  return Array.from({ length: Math.ceil((Date.parse(to) - start) / step) }, (_, index) => {
    const at = start + index * step;
    const within = [...sums].filter(([hour]) => hour >= at && hour < at + step);
    return {
      from: new Date(at).toISOString(),
      to: new Date(at + step).toISOString(),
      values: [within.reduce((sum, [, times]) => sum + times, 0)],
    };
  });
}

const Counts = ({ of }: { of: Rejections }) => (
  <section class="card">
    <h2>By source and reason</h2>
    <Table
      label="Refused requests by source and reason"
      head={["Source", "Reason", "Requests", "What to do"]}
      numeric={[2]}
      rows={of.counts.map((row) => ({
        id: `${row.source ?? "unknown"}-${row.reason}`,
        cells: [
          sourceLink(row),
          reasonText(row.reason),
          count(row.count),
          <span>
            {adviceOn(of, row)}
            {MENDED_BY_EDIT.includes(row.reason) && row.source !== null && (
              <>
                {" "}
                <a href={`/sources/${row.source}/edit`}>
                  Edit the source<span class="visually-hidden"> {row.source_slug ?? row.source}</span>
                </a>
              </>
            )}
          </span>,
        ],
      }))}
    />
  </section>
);

/** Slugs that no source has, among the samples. */
const UnknownSlugs = ({ of: { samples } }: { of: Rejections }) => {
  const unknown = samples.filter(({ reason }) => reason === "unknown_source");
  const slugs = [...Map.groupBy(unknown, ({ slug }) => slug)].slice(0, SHOWN_SLUGS);
  return slugs.length === 0 ? null : (
    <section class="card">
      <h2>Unknown slugs</h2>
      <Table
        label="Slugs that no source has"
        head={["Slug in the URL", "Among the latest", "Last"]}
        numeric={[1]}
        rows={slugs.map(([slug, of]) => ({
          id: `slug-${slug ?? ""}`,
          cells: [
            slug === null ? <span class="muted">no slug</span> : <Inert text={slug} max={65} />,
            count(of.length),
            <Time at={of[0]?.at} kind="ago" />,
          ],
        }))}
      />
    </section>
  );
};

async function list(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const range = c.req.query("range") ?? "24h";
  const [, length] = Object.hasOwn(RANGES, range) ? RANGES[range as keyof typeof RANGES] : [];
  const [sources, answer] = await Promise.all([
    readChoices<SourceShape>(api, "/sources", c.req.query("source")),
    api.send<Rejections>("GET", "/rejections", undefined, {
      source: c.req.query("source"),
      // A range that there is not, for the API to refuse.
      from: length === undefined ? range : new Date(c.get("now") - length).toISOString(),
    }),
  ]);
  const errors = errorsOf(answer.ok ? null : answer.problem);
  const found = answer.ok ? answer.data : null;
  return page(
    c,
    {
      title: "Refused requests",
      room: "refused",
      actions: (
        <nav class="buttons" aria-label="Time range">
          {Object.entries(RANGES).map(([name, [label]]) => (
            <a class="button" href={here(c, { range: name })} aria-current={name === range ? "true" : undefined}>
              {label}
            </a>
          ))}
        </nav>
      ),
    },
    <>
      <p class="muted">
        Requests that no source accepted: the sender got an error, and nothing was kept but the latest samples.
      </p>
      <Filters c={c} clear={["source"]} keep={["range"]}>
        <ChoiceFilter of="Source" choices={sources} errors={errors} />
      </Filters>
      {errors("/query/from") !== undefined && (
        <p class="error">
          There is no range <Inert text={range} max={40} />: choose one of those above.
        </p>
      )}
      {found !== null && found.total === 0 && <p class="muted">No request was refused.</p>}
      {found !== null && found.total > 0 && (
        <>
          <Bars label="Refused requests" series={[{ label: "refused", tone: "bad" }]} bars={hourly(found)} />
          <Counts of={found} />
          <UnknownSlugs of={found} />
          <section class="card">
            <h2>Latest</h2>
            <Samples of={found.samples.slice(0, SHOWN_OF_ALL)} withSource />
          </section>
        </>
      )}
    </>,
    answer.ok ? 200 : 422,
  );
}

export function mountRefused(app: Hono<DashEnv>): void {
  app.get("/refused", (c) => list(c));
}
