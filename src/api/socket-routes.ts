// Operations that answer an upgrade to a WebSocket: listening to a destination, and watching for changes.
import type { Context, Hono } from "hono";
import { findRecord } from "../management/index.ts";
import { Problem } from "../model/problem.ts";
import { readDestination } from "../store/index.ts";
import { describeError } from "../telemetry/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";

function requireUpgrade(c: Context<ApiEnv>): void {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket")
    throw new Problem("upgrade_required", "The request has no header `upgrade: websocket`.");
}

async function listen(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const record = await findRecord(deps.db, "destinations", c.req.param("id") ?? "");
  const { type } = readDestination(record.id, record.spec, record.paused);
  if (type !== "listener") throw new Problem("cannot_listen", `The destination is of type ${type}, not listener.`);
  requireUpgrade(c);
  const response = await deps.listen(record.id);
  if (response.status !== 101)
    throw new Problem("cannot_listen", "As many listeners are connected as the destination may have.");
  try {
    await deps.release({ destination_id: record.id });
  } catch (error) {
    // The sweep releases what is held.
    deps.log.error("release failed", { destination: record.slug, error: describeError(error) });
  }
  return response;
}

async function watch(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  requireUpgrade(c);
  const response = await deps.watch(c.req.raw);
  if (response.status !== 101) throw new Problem("unavailable", "As many clients are watching as may watch at once.");
  return response;
}

export function mountSockets(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/destinations/:id/listen", (c) => listen(c, deps));
  app.get("/live", (c) => watch(c, deps));
}
