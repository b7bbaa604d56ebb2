// Alerts: what to watch for, whom to notify, the current state of each, and a test of the target.
import type { Context, Hono } from "hono";
import { toInstant, toInstantOrNull } from "../kernel/clock.ts";
import { createAlert, findNamedAlert, removeAlert, updateAlert, withoutSecrets } from "../management/index.ts";
import type { Alert, KeptNotice, Notice } from "../model/alert.ts";
import { alertFromRow, listAlerts, readSlugs, type AlertRow } from "../store/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import type { Named } from "./openapi/client-types.ts";
import { managementPorts, objectBody } from "./management.ts";
import { pageAnswer, pageQuery } from "./query.ts";

const idOf = (c: Context<ApiEnv>): string => c.req.param("id") ?? "";

/** Alerts as answers show them. */
async function showAlerts({ db }: Pick<ApiDeps, "db">, rows: readonly AlertRow[]): Promise<Named<"Alert">[]> {
  const alerts = rows.map((row) => ({ row, ...alertFromRow(row) }));
  const sources = await readSlugs(
    db,
    "sources",
    alerts.map(({ spec }) => spec.source),
  );
  const destinations = await readSlugs(
    db,
    "destinations",
    alerts.map(({ spec }) => spec.destination),
  );
  return alerts.map(({ row, id, spec, state }) => ({
    id,
    ...withoutSecrets("alerts", spec),
    source_slug: sources.get(spec.source ?? "") ?? null,
    destination_slug: destinations.get(spec.destination ?? "") ?? null,
    state: state.state,
    since: toInstantOrNull(state.since),
    value: state.value,
    last_sent_at: toInstantOrNull(state.last_sent_at),
    last_error: state.last_error,
    unsent: unsentView(state.notice),
    created_at: toInstant(row.created_at),
    updated_at: toInstant(row.updated_at),
  }));
}

const unsentView = (notice: KeptNotice | null): Named<"Alert">["unsent"] =>
  notice === null
    ? null
    : {
        kind: notice.kind,
        decided_at: toInstant(notice.at),
        attempts: notice.attempts,
        next_attempt_at: toInstant(notice.next_at),
      };

const showOne = async (deps: ApiDeps, row: AlertRow): Promise<Named<"Alert"> | undefined> =>
  (await showAlerts(deps, [row]))[0];

/** Sends a test notice to the target. PagerDuty also gets the notice that resolves it, so that no incident stays open. */
async function test(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const alert: Alert = alertFromRow(await findNamedAlert(deps.db, idOf(c)));
  const now = deps.now();
  const incident = `${alert.id}-test-${now}`;
  const notice = (kind: Notice["kind"]): Notice => ({
    id: `${incident}-${kind}`,
    kind,
    incident,
    at: now,
    value: null,
    details: [],
    attempts: 0,
    next_at: now,
  });
  let result = await deps.notifyAlert(alert, notice("test"));
  if (result.ok && alert.spec.target.type === "pagerduty") result = await deps.notifyAlert(alert, notice("resolved"));
  return c.json<Named<"AlertTest">>(
    result.ok
      ? { delivered: true, response_status: result.value, error: null }
      : { delivered: false, response_status: null, error: result.error },
  );
}

export function mountAlerts(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/alerts", async (c) => {
    const { limit, before } = pageQuery(c);
    const rows = await listAlerts(deps.db, limit + 1, before);
    const page = rows.slice(0, limit);
    return c.json(pageAnswer(c, await showAlerts(deps, page), rows.length > limit ? (page.at(-1)?.id ?? null) : null));
  });
  app.post("/alerts", async (c) =>
    c.json(await showOne(deps, await createAlert(await objectBody(c), managementPorts(c, deps))), 201),
  );
  app.get("/alerts/:id", async (c) => c.json(await showOne(deps, await findNamedAlert(deps.db, idOf(c)))));
  app.patch("/alerts/:id", async (c) =>
    c.json(await showOne(deps, await updateAlert(idOf(c), await objectBody(c), managementPorts(c, deps)))),
  );
  app.delete("/alerts/:id", async (c) => {
    await removeAlert(idOf(c), managementPorts(c, deps));
    return c.body(null, 204);
  });
  app.post("/alerts/:id/test", (c) => test(c, deps));
}
