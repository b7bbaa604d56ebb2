// Puts the runtime behind the app. Wiring only.
import type { Hono } from "hono";
import type { ApiEnv } from "./api/deps.ts";
import { problemResponse } from "./api/problem.ts";
import { createApp } from "./app.ts";
import { gateClient } from "./gate/index.ts";
import { keep } from "./ingest/index.ts";
import { requeue } from "./maintenance/index.ts";
import { sendLater } from "./queues.ts";
import { ingest, ingestPorts } from "./intake.ts";
import { sweepPorts, type Runtime } from "./runtime.ts";
import { takeReleased } from "./store/index.ts";

const apps = new WeakMap<Runtime, Hono<ApiEnv>>();

export function buildApp(runtime: Runtime): Hono<ApiEnv> {
  let app = apps.get(runtime);
  if (app === undefined) {
    app = createApp(appDeps(runtime));
    apps.set(runtime, app);
  }
  return app;
}

function appDeps(runtime: Runtime): Parameters<typeof createApp>[0] {
  const { env, settings, log, ids, routes, now, vault } = runtime;
  return {
    db: env.DB,
    bodies: env.BODIES,
    settings,
    now,
    log,
    vault,
    publish: (sources, removed) => routes.publish(sources, removed),
    release: async (of) => {
      await requeue(await takeReleased(env.DB, now(), of), sweepPorts(runtime));
    },
    enqueue: (deliveries, lane) =>
      sendLater(
        env,
        deliveries.map((id) => ({ id, lane, delayMs: 0 })),
      ),
    mintEventId: ids.mint,
    completeEventId: ids.complete,
    keepEvent: (event, slug) => keep(event, slug, ingestPorts(runtime, { waitUntil: () => undefined })),
    provesEventId: ids.proves,
    inspectGate: ({ id, rate_limit, max_concurrency, circuit }) =>
      gateClient(env.DESTINATION_GATE).inspect(id, { rate_limit, max_concurrency, circuit }),
    ingest: (request, requestId, ctx) =>
      ingest(request, runtime, ctx, (code, detail, headers) => problemResponse(code, detail, requestId, [], headers)),
  };
}
