// The audit log: who changed what, and when. It names fields, never values.
import type { Hono } from "hono";
import { AUDIT_KINDS } from "../../model/audit.ts";
import { Empty } from "../components/empty.tsx";
import { Field, ProblemNotice, Select } from "../components/fields.tsx";
import { Filters } from "../components/filters.tsx";
import { Inert } from "../components/inert.tsx";
import { Pager } from "../components/pager.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import type { AuditEntry, List } from "../shapes.ts";
import { settingsPage } from "./settings-page.tsx";

const NARROWING = ["actor", "kind", "resource"];
const ROOMS: Readonly<Record<string, string>> = {
  source: "/sources",
  destination: "/destinations",
  connection: "/connections",
  event: "/events",
  replay: "/replays",
};

const What = ({ entry }: { entry: AuditEntry }) => {
  const room = entry.action === "delete" ? undefined : ROOMS[entry.kind];
  const name = <Inert text={entry.resource_name ?? entry.resource_id} max={128} />;
  return (
    <>
      {entry.kind} {room === undefined ? name : <a href={`${room}/${entry.resource_id}`}>{name}</a>}
    </>
  );
};

async function list(c: Ctx): Promise<Response> {
  const query = Object.fromEntries([...NARROWING, "cursor"].map((name) => [name, c.req.query(name)]));
  const answer = await c.get("api").send<List<AuditEntry>>("GET", "/audit", undefined, query);
  if (!answer.ok) return settingsPage(c, "/settings/audit", <ProblemNotice problem={answer.problem} />, answer.problem);
  const entries = answer.data;
  const narrowed = NARROWING.some((name) => (c.req.query(name) ?? "") !== "");
  return settingsPage(
    c,
    "/settings/audit",
    <>
      <Filters c={c} clear={NARROWING}>
        <Select label="Kind" name="kind" value={c.req.query("kind")} options={[["", "All"], ...AUDIT_KINDS]} />
        <Field label="Actor (ID)" name="actor" value={c.req.query("actor")} placeholder="admin_token" />
        <Field label="Resource (ID, slug or name)" name="resource" value={c.req.query("resource")} />
      </Filters>
      {entries.data.length === 0 && !narrowed ? (
        <Empty title="No changes yet">
          <p>Every change of configuration and tokens, and every retry and replay, is recorded here.</p>
        </Empty>
      ) : (
        <Table
          label="Changes"
          head={["Time", "Actor", "Action", "Resource", "Fields"]}
          rows={entries.data.map((entry) => ({
            id: entry.id,
            cells: [
              <Time at={entry.at} />,
              <Inert text={entry.actor_name} max={128} />,
              entry.action.replaceAll("_", " "),
              <What entry={entry} />,
              <Inert text={entry.changed.join(", ") || "–"} max={300} />,
            ],
          }))}
        />
      )}
      <Pager c={c} next={entries.next_cursor} shown={entries.data.length} what="changes" />
    </>,
  );
}

export function mountAudit(app: Hono<DashEnv>): void {
  app.get("/settings/audit", (c) => list(c));
}
