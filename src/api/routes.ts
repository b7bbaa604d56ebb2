// Everything under `/api/v1`: authentication, body limit, idempotency, then the routes.
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { MAX_API_BODY_BYTES, MAX_CONFIG_BYTES } from "../config/limits.ts";
import { Problem } from "../model/problem.ts";
import { mountAlerts } from "./alert-routes.ts";
import { authenticate } from "./auth.ts";
import { mountConfigDocument } from "./config-document-routes.ts";
import { mountConfig } from "./config-routes.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { idempotent } from "./idempotency.ts";
import { mountCounts } from "./count-routes.ts";
import { mountIssues } from "./issue-routes.ts";
import { mountKeys } from "./key-routes.ts";
import { mountLedger } from "./ledger-routes.ts";
import { mountPreview } from "./preview-routes.ts";
import { mountPublish } from "./publish-routes.ts";
import { onlyDeclaredQuery } from "./query-names.ts";
import { mountQueues } from "./queue-routes.ts";
import { mountRecords } from "./record-routes.ts";
import { mountRejections } from "./rejection-routes.ts";
import { mountReplayEvent } from "./replay-event.ts";
import { mountReplays } from "./replay-routes.ts";
import { mountRouting } from "./routing-routes.ts";
import { mountSamples } from "./sample-routes.ts";
import { mountSettings } from "./settings-routes.ts";
import { mountSockets } from "./socket-routes.ts";
import { mountStats } from "./stats-routes.ts";
import { mountTokens } from "./token-routes.ts";

const ROUTES = [
  mountConfig,
  mountConfigDocument,
  mountRecords,
  mountReplayEvent,
  mountReplays,
  mountIssues,
  mountPublish,
  mountSamples,
  mountRejections,
  mountKeys,
  mountRouting,
  mountPreview,
  mountStats,
  mountCounts,
  mountQueues,
  mountSettings,
  mountSockets,
  mountTokens,
  mountAlerts,
  mountLedger,
];

const upTo = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new Problem("body_too_large", `The body may have up to ${maxSize} bytes.`);
    },
  });

export function apiRoutes(deps: ApiDeps): Hono<ApiEnv> {
  const api = new Hono<ApiEnv>();
  const [bounded, configBounded] = [upTo(MAX_API_BODY_BYTES), upTo(MAX_CONFIG_BYTES)];
  api.use(authenticate(deps), (c, next) => (c.req.path === "/api/v1/config" ? configBounded : bounded)(c, next));
  api.use(onlyDeclaredQuery, idempotent(deps));
  for (const mount of ROUTES) mount(api, deps);
  return api;
}
