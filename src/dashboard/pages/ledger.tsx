// The ledger: per hour and source, what events owe and how it ended, and what does not match.
import type { Hono } from "hono";
import { Badge } from "../components/badge.tsx";
import { count } from "../components/number.ts";
import { Pager } from "../components/pager.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import type { Ledger } from "../shapes.ts";

async function show(c: Ctx): Promise<Response> {
  const ledger = await c.get("api").get<Ledger>("/ledger", { cursor: c.req.query("cursor") });
  return page(
    c,
    { title: "Ledger", room: "overview", trail: [["Overview", "/"]] },
    <>
      <p>
        For every hour, all deliveries that events owe must be delivered, dead, cancelled or in flight.{" "}
        {ledger.balanced ? <Badge status="ok" label="balanced" /> : <Badge status="firing" label="not balanced" />}
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
        <p class="muted">No events in this period.</p>
      ) : (
        <Table
          label="Ledger"
          head={["Hour", "Source", "Events", "Owed", "Delivered", "Dead", "Cancelled", "In flight", "Balance"]}
          numeric={[2, 3, 4, 5, 6, 7]}
          rows={ledger.data.map((row) => ({
            id: `${row.hour}-${row.source ?? ""}`,
            cells: [
              <Time at={row.hour} />,
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
      <Pager c={c} next={ledger.next_cursor} shown={ledger.data.length} what="the ledger" />
    </>,
  );
}

export function mountLedger(app: Hono<DashEnv>): void {
  app.get("/ledger", (c) => show(c));
}
