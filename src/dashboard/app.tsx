// The dashboard's Hono app: security headers, session, CSRF, pages, error pages. Each page is in `pages/` and mounts itself.
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { MAX_API_BODY_BYTES } from "../config/limits.ts";
import { describeError } from "../telemetry/index.ts";
import { ApiProblem, SignedOut } from "./api-client.ts";
import { ProblemNotice } from "./components/fields.tsx";
import { mountConnect } from "./connect/pages.tsx";
import type { Ctx, DashboardDeps, DashEnv } from "./deps.ts";
import { mountDocs } from "./docs/pages.tsx";
import { Bare, page } from "./layout.tsx";
import { mountLogin, mountLogout } from "./login.tsx";
import { mountAlerts } from "./pages/alerts.tsx";
import { mountConnections } from "./pages/connections.tsx";
import { mountDeadLetters } from "./pages/dead-letters.tsx";
import { mountDeliveries } from "./pages/deliveries.tsx";
import { mountDestinations } from "./pages/destinations.tsx";
import { mountDiscard } from "./pages/discard.tsx";
import { mountEvent } from "./pages/event.tsx";
import { mountEventActions } from "./pages/event-actions.tsx";
import { mountEvents } from "./pages/events.tsx";
import { mountIssues } from "./pages/issues.tsx";
import { mountLedger } from "./pages/ledger.tsx";
import { mountNewReplay } from "./pages/new-replay.tsx";
import { mountOverview } from "./pages/overview.tsx";
import { mountRefused } from "./pages/refused.tsx";
import { mountReplayEvent } from "./pages/replay-event.tsx";
import { mountReplayPlan } from "./pages/replay-plan.tsx";
import { mountReplays } from "./pages/replays.tsx";
import { mountSettings } from "./pages/settings.tsx";
import { mountSources } from "./pages/sources.tsx";
import { carriesCsrf, isSameOrigin, secureHeaders } from "./security.ts";
import { closeSession, signedIn, toLogin } from "./session.ts";
import { refuseAccess, signedInByAccess } from "./signed-in-by-access.tsx";

export function createDashboard(deps: DashboardDeps): Hono<DashEnv> {
  const app = new Hono<DashEnv>();
  app.use(
    secureHeaders(deps.access?.origin ?? null),
    bodyLimit({ maxSize: MAX_API_BODY_BYTES, onError: (c) => c.text("Too large.", 413) }),
  );
  app.use(async (c, next) => {
    c.set("now", deps.now());
    await next();
  });
  app.onError((error, c) => answerTo(error, c, deps));
  app.notFound((c) => c.html(<ErrorPage title="Not found" text="This page does not exist." />, 404));
  mountDocs(app, deps);
  if (deps.access === null) {
    mountLogin(app, deps);
    app.use(signedIn(deps));
  } else {
    app.use(signedInByAccess(deps.access, deps));
    app.get("/login", (c) => c.redirect("/", 303));
  }
  app.post("*", async (c, next) => {
    if (!isSameOrigin(c.req.raw) || !(await carriesCsrf(c))) {
      return c.html(
        <ErrorPage
          title="Form expired"
          text="This form belongs to another session. Go back, reload the page and try again."
        />,
        403,
      );
    }
    await next();
  });
  mountLogout(app, deps);
  app.get("/live", async (c): Promise<Response> => {
    // Another site could open a socket here with the viewer's cookie, but the browser always sends its Origin.
    if (c.req.header("upgrade") !== "websocket" || !isSameOrigin(c.req.raw))
      return c.text("Only WebSocket requests from this site are accepted.", 426);
    return deps.watch(c.req.raw);
  });
  mountOverview(app);
  mountLedger(app);
  mountEvents(app);
  mountEvent(app);
  mountEventActions(app);
  mountReplayEvent(app);
  mountDeliveries(app);
  mountConnect(app);
  mountSources(app);
  mountDestinations(app);
  mountConnections(app);
  mountIssues(app);
  mountDeadLetters(app);
  mountDiscard(app);
  mountRefused(app);
  mountNewReplay(app);
  mountReplayPlan(app);
  mountReplays(app);
  mountAlerts(app);
  mountSettings(app);
  return app;
}

const ErrorPage = ({ title, text }: { title: string; text: string }) => (
  <Bare title={title}>
    <div class="card login">
      <h1>{title}</h1>
      <p>{text}</p>
      <a class="button" href="/">
        Go to the overview
      </a>
    </div>
  </Bare>
);

function answerTo(error: Error, c: Ctx, deps: DashboardDeps): Response | Promise<Response> {
  if (error instanceof SignedOut) {
    if (deps.access !== null) return refuseAccess(c, 403);
    closeSession(c);
    return toLogin(c);
  }
  if (error instanceof ApiProblem) {
    const { problem } = error;
    const status = [403, 404, 409, 422].includes(problem.status) ? (problem.status as 403 | 404 | 409 | 422) : 503;
    return page(c, { title: problem.title, room: "overview" }, <ProblemNotice problem={problem} />, status);
  }
  deps.log.error("page failed", { request_id: c.env.requestId, error: describeError(error) });
  return c.html(
    <ErrorPage title="Internal error" text={`The log has the details under request ${c.env.requestId}.`} />,
    500,
  );
}
