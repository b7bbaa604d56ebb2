// The ledger: per hour and source, what events owe and how it ended, and what does not match. Some hours on a page.
import type { Hono } from "hono";
import { HOUR_MS } from "../../kernel/durations.ts";
import { Badge } from "../components/badge.tsx";
import { count } from "../components/number.ts";
import { here } from "../components/pager.tsx";
import { parseInstant } from "../components/range.ts";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import type { Ledger } from "../shapes.ts";

const HOURS = 2;
/** What a page reads at most: 2,400 rows of D1 where segments have 100 events. */
const EVENTS = 40_000;

async function show(c: Ctx): Promise<Response> {
  const until = c.req.query("to");
  const to = parseInstant(until) ?? (Math.floor(c.get("now") / HOUR_MS) + 1) * HOUR_MS;
  const from = Math.max(0, to - HOURS * HOUR_MS);
  const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  // What is no instant is for the API to refuse.
  const asked = until && parseInstant(until) === null ? { to: until } : range;
  const cursor = c.req.query("cursor");
  const ledger = await c.get("api").get<Ledger>("/ledger", { ...asked, cursor, events: EVENTS });
  // Earlier hours than these have begun to expire.
  const isLast = Date.parse(ledger.from) > from;
  const older =
    ledger.next_cursor === null
      ? { to: isLast ? null : ledger.from, cursor: null }
      : { to: range.to, cursor: ledger.next_cursor };
  return page(
    c,
    { title: "Ledger", room: "overview", trail: [["Overview", "/"]] },
    <>
      <p>
        For every hour, all deliveries that events owe must be delivered, dead, cancelled or in flight.{" "}
        {ledger.balanced ? <Badge status="ok" label="balanced" /> : <Badge status="firing" label="not balanced" />}{" "}
        These are the hours from <Time at={ledger.from} /> to <Time at={ledger.to} />.
      </p>
      {ledger.differences.length > 0 && (
        <section class="card" aria-labelledby="differences-title">
          <h2 id="differences-title">Differences</h2>
          <p>The sweep repairs them and logs each repair.</p>
          <Table
            label="Differences"
            head={["Event", "Difference"]}
            rows={ledger.differences.map((difference) => ({
              id: `${difference.kind}-${difference.delivery ?? difference.event}`,
              cells: [
                <a href={`/events/${difference.event}`}>{difference.event}</a>,
                difference.kind.replaceAll("_", " "),
              ],
            }))}
          />
        </section>
      )}
      {ledger.data.length === 0 ? (
        <p class="muted">No events in these hours.</p>
      ) : (
        <Table
          label="Ledger"
          head={["Hour", "Source", "Events", "Owed", "Delivered", "Dead", "Cancelled", "In flight", "Balance"]}
          numeric={[2, 3, 4, 5, 6, 7]}
          rows={ledger.data.map((row) => ({
            id: `${row.hour}-${row.source ?? ""}`,
            cells: [
              <>
                <Time at={row.hour} />
                {!row.complete && <span class="muted"> (a part)</span>}
              </>,
              row.source_slug ?? row.source ?? "none",
              count(row.events),
              count(row.matched),
              count(row.delivered),
              count(row.dead),
              count(row.cancelled),
              count(row.in_flight),
              row.balanced ? (
                <Badge status="ok" label="balanced" />
              ) : (
                <Badge status="firing" label={`difference ${row.difference}`} />
              ),
            ],
          }))}
        />
      )}
      <nav class="pager" aria-label="Pages of the ledger">
        {(until ?? cursor) !== undefined && (
          <a class="button" href="/ledger">
            Newest
          </a>
        )}
        {older.to !== null && (
          <a class="button" href={here(c, older)} rel="next">
            Older
          </a>
        )}
      </nav>
    </>,
  );
}

export function mountLedger(app: Hono<DashEnv>): void {
  app.get("/ledger", (c) => show(c));
}
