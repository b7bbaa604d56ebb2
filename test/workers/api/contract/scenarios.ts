// For each operation of the contract: a request that succeeds, and requests that cause its own problems.
// The test itself covers common problems: no token, a weaker token, an unknown id, malformed JSON and so on.
import { createDashboard } from "../../../../src/dashboard/index.ts";
import { ok } from "../../../../src/kernel/result.ts";
import { configPlace, createSessions } from "../../../../src/signing/index.ts";
import { createLogger } from "../../../../src/telemetry/index.ts";
import { createRoute } from "../../harness.ts";
import { createClient, unique } from "../harness.ts";
import {
  alert,
  call,
  connection,
  crowded,
  damaged,
  delivered,
  destination,
  inFlight,
  intake,
  issue,
  raced,
  replay,
  retrying,
  sent,
  SIGNED,
  slack,
  source,
  token,
  unrecorded,
  withoutPayloads,
  type Scenario,
  type Sent,
} from "./scenario.ts";

const nothing = (): Sent => ({});
const UPGRADE: Sent = { headers: { upgrade: "websocket" } };
const listener = () => destination({ type: "listener", url: undefined });
const stripe = { verification: { type: "stripe", secrets: ["whsec_x"] } };
const waiting = { verification: { type: "stripe" } };
const bearer = { auth: { type: "bearer", token: "t" } };
const url = "https://api.example.com/hook";

const recorded = async (): Promise<Sent> => ({ id: (await sent()).event });
/** The same request, while the record of what it names cannot be read. */
const unreadable = (make: () => Promise<Sent>): NonNullable<Scenario["refused"]> => ({
  record_unreadable: async () => ({ ...(await make()), deps: damaged() }),
  payload_unavailable: async () => ({ ...(await make()), deps: withoutPayloads() }),
});

/** A taken slug, and a record that is to be renamed to it. */
async function wanting(make: (more?: object) => Promise<string>, more: object = {}): Promise<Sent> {
  const slug = unique("taken");
  await make({ slug });
  return { id: await make(), body: { slug, ...more } };
}
const configured = async (): Promise<object> => ({ sources: [{ slug: unique("config"), ...stripe }] });

const pages = async (request: Request, requestId: string): Promise<Response> =>
  createDashboard({
    call: async (inner) => createClient().app.fetch(inner),
    access: null,
    sessions: createSessions("test"),
    endedSessions: { has: async () => false, add: async () => undefined },
    watch: async () => new Response(),
    mayTryLogin: async () => true,
    randomText: () => "",
    now: () => 0,
    log: createLogger("silent"),
  }).fetch(request, { requestId });

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  listSources: {
    succeeds: async () => (await source(stripe), {}),
    also: [() => ({ rest: "?limit=1" }), () => ({ rest: "?limit=1&order=health&expand=health" })],
  },
  createSource: {
    succeeds: () => ({ body: { slug: unique("source"), ...stripe, response: { status: 204 } } }),
    refused: { slug_taken: () => wanting(source) },
  },
  getSource: {
    succeeds: async () => ({ id: await source({ ...stripe, dedupe: { key: "body_hash", window_seconds: 60 } }) }),
    also: [async () => ({ id: await source(), rest: "?expand=health" })],
  },
  updateSource: {
    succeeds: async () => ({ id: await source(), body: { enabled: false } }),
    refused: {
      slug_taken: () => wanting(source),
      conflict: async () => {
        const id = await source();
        return { id, body: stripe, deps: raced("sources", id) };
      },
    },
  },
  deleteSource: { succeeds: async () => ({ id: await source() }) },
  testSource: {
    succeeds: async () => ({ id: await source(stripe), body: { type: "invoice.paid" } }),
    also: [
      async () => ({ id: await source() }),
      async () => ({ id: await source(waiting) }),
      async () => ({ id: await source(), body: { provider: "github", type: "push", body: { ref: "main" } } }),
    ],
    refused: {
      unavailable: async () => ({ id: await source(waiting), deps: { persistEvent: async () => false } }),
      sample_refused: async () => ({ id: await source(stripe), deps: { receive: async () => new Response(null) } }),
    },
  },
  tellLearnedSecret: { succeeds: async () => ({ id: await source(), deps: { learnedSecret: async () => "said" } }) },

  listDestinations: {
    succeeds: async () => (await destination(bearer), {}),
    also: [
      async () => (await destination({ rate_limit: { limit: 5 } }), { rest: "?expand=state" }),
      async () => (await destination({}), { rest: "?expand=waiting" }),
      () => ({ rest: "?expand=state&order=health&limit=1" }),
    ],
  },
  createDestination: {
    succeeds: () => ({ body: { slug: unique("destination"), url, ...bearer } }),
    also: [() => ({ body: { slug: unique("signed"), url, signing: { type: "standard_webhooks" } } })],
    refused: { slug_taken: () => wanting(destination, { url }) },
  },
  getDestination: { succeeds: async () => ({ id: await destination({ signing: SIGNED, batch: {} }) }) },
  updateDestination: {
    succeeds: async () => ({ id: await destination(), body: { rate_limit: { limit: 5 }, ...bearer } }),
    refused: {
      slug_taken: () => wanting(destination),
      conflict: async () => {
        const id = await destination();
        return { id, body: bearer, deps: raced("destinations", id) };
      },
    },
  },
  deleteDestination: { succeeds: async () => ({ id: await destination() }) },
  pauseDestination: { succeeds: async () => ({ id: await destination() }) },
  resumeDestination: { succeeds: async () => ({ id: await destination() }) },
  testDestination: {
    succeeds: async () => ({ id: await destination() }),
    refused: { unavailable: async () => ({ id: await destination(), deps: { persistEvent: async () => false } }) },
  },
  rotateSigningSecret: {
    succeeds: async () => ({ id: await destination({ signing: SIGNED }), body: { grace_seconds: 60 } }),
    also: [async () => ({ id: await destination({ signing: SIGNED }) })],
    refused: {
      conflict: async () => {
        const id = await destination({ signing: SIGNED });
        return { id, deps: raced("destinations", id) };
      },
    },
  },
  listenToDestination: {
    succeeds: async () => ({ id: await listener(), ...UPGRADE }),
    refused: {
      upgrade_required: async () => ({ id: await listener() }),
      cannot_listen: async () => ({ id: await destination(), ...UPGRADE }),
    },
  },
  getDestinationHealth: {
    succeeds: async () => {
      const { slug } = await sent(500);
      return { id: `${slug}-0` };
    },
    also: [async () => ({ id: await destination({ rate_limit: { limit: 5 } }) })],
  },

  listConnections: { succeeds: async () => (await connection({ filter: { body: { a: 1 } } }), {}) },
  createConnection: {
    succeeds: async () => ({ body: { source: await source(), destination: await destination() } }),
    refused: {
      slug_taken: async () => wanting(connection, { source: await source(), destination: await destination() }),
    },
  },
  getConnection: { succeeds: async () => ({ id: await connection({ transform: { path: "/{{body.id}}" } }) }) },
  updateConnection: {
    succeeds: async () => ({ id: await connection(), body: { filter: null } }),
    refused: {
      slug_taken: () => wanting(connection),
      conflict: async () => {
        const id = await connection();
        const callbackSecrets = async (): Promise<string[]> => {
          await raced("connections", id).vault?.seal("", configPlace(id, ""));
          return ["whsec_dGVzdA=="];
        };
        return { id, body: { callback_url: url }, deps: { callbackSecrets } };
      },
    },
  },
  deleteConnection: { succeeds: async () => ({ id: await connection() }) },
  previewNewConnection: {
    succeeds: async () => ({ body: { source: (await sent()).slug, filter: { body: { a: 2 } } } }),
    also: [
      async () => {
        const { slug } = await sent();
        return { body: { source: slug, destination: `${slug}-0`, rate_limit: { limit: 5 } } };
      },
    ],
  },
  previewConnection: {
    succeeds: async () => ({
      id: `${(await sent()).slug}-0`,
      body: { filter: { body: { a: 2 } }, rate_limit: { limit: 5 }, events: 10 },
    }),
    also: [
      async () => ({
        id: `${(await sent()).slug}-0`,
        body: { transform: { headers: { set: { "x-a": "{{body.a}}" } } } },
      }),
      async () => ({ id: `${(await sent()).slug}-0`, body: {}, deps: withoutPayloads() }),
    ],
  },
  pauseConnection: { succeeds: async () => ({ id: await connection() }) },
  resumeConnection: { succeeds: async () => ({ id: await connection() }) },

  exportConfig: {
    succeeds: async () => (await source(stripe), await connection(), {}),
    refused: { config_too_large: () => ({ deps: crowded() }) },
  },
  applyConfig: {
    succeeds: async () => ({ body: await configured() }),
    also: [
      async () => ({ body: await configured(), rest: "?dry_run=true" }),
      () => ({
        body: { destinations: [{ slug: unique("signed"), url, signing: { type: "standard_webhooks" }, paused: true }] },
      }),
    ],
    refused: {
      config_too_large: () => ({ body: {}, deps: crowded() }),
      precondition_failed: () => ({ body: {}, headers: { "if-match": '"another"' } }),
      conflict: async () => ({ body: await configured(), deps: raced("sources", await source()) }),
    },
  },

  testFilter: {
    succeeds: () => ({ body: { filter: { body: { a: 1 } }, sample: { body: { a: 1 } } } }),
    also: [() => ({ body: { filter: { body: { a: 1 } }, sample: { body: { a: 2 } } } })],
    refused: unreadable(async () => ({ body: { filter: {}, event_id: (await sent()).event } })),
  },
  testTransform: {
    succeeds: () => ({ body: { transform: { body: "{ 'a': b }" }, sample: { body: { b: 1 } } } }),
    also: [() => ({ body: { transform: { path: "/{{body.missing}}" }, sample: { body: {} } } })],
    refused: unreadable(async () => ({ body: { transform: {}, event_id: (await sent()).event } })),
  },

  listEvents: {
    succeeds: async () => (await sent(), {}),
    also: [() => ({ rest: "?status=delivered&search=part" })],
    refused: { payload_unavailable: () => ({ rest: "?search=part", deps: withoutPayloads() }) },
  },
  publishEvent: {
    succeeds: async () => ({ body: { source: await source(), body: { a: 1 } } }),
    refused: {
      unavailable: async () => ({ body: { source: await source() }, deps: { persistEvent: async () => false } }),
    },
  },
  getEvent: { succeeds: recorded, also: [unrecorded], refused: unreadable(recorded) },
  getEventBody: { succeeds: recorded, refused: { event_not_recorded: unrecorded, ...unreadable(recorded) } },
  replayEvent: {
    succeeds: async () => ({ ...(await recorded()), body: {} }),
    also: [async () => ({ ...(await recorded()), rest: "?dry_run=true" })],
    refused: {
      event_not_recorded: unrecorded,
      nothing_matches: async () => {
        const { event, slug } = await sent();
        await call("PATCH", `/connections/${slug}-0`, { enabled: false });
        return { id: event };
      },
      ...unreadable(recorded),
    },
  },
  getCallbackSecrets: { succeeds: nothing },

  listDeliveries: { succeeds: async () => (await sent(), {}), also: [() => ({ rest: "?status=dead" })] },
  getDelivery: { succeeds: retrying, also: [delivered], refused: unreadable(delivered) },
  getDeliveryRequest: { succeeds: retrying, also: [delivered], refused: unreadable(delivered) },
  retryDelivery: {
    succeeds: retrying,
    refused: { delivery_final: delivered, delivery_in_flight: inFlight, ...unreadable(retrying) },
  },
  cancelDelivery: {
    succeeds: retrying,
    refused: { delivery_final: delivered, delivery_in_flight: inFlight, ...unreadable(retrying) },
  },

  listIssues: {
    succeeds: async () => (await sent(500), {}),
    also: [async () => ({ rest: `?destination=${(await sent(503)).slug}-0&status=open&cause=status_503` })],
  },
  getIssue: { succeeds: issue },
  updateIssue: {
    succeeds: async () => ({ ...(await issue()), body: { status: "acknowledged" } }),
    also: [
      async () => ({ ...(await issue()), body: { status: "muted", muted_until: "2126-11-24T00:00:00Z" } }),
      async () => ({ ...(await issue()), body: { status: "closed" } }),
      async () => ({ ...(await issue()), body: { status: "open" } }),
    ],
  },

  listReplays: { succeeds: async () => (await replay(), {}) },
  startReplay: {
    succeeds: async () => ({ body: { source: (await sent()).slug, rate_per_second: 2 } }),
    also: [async () => ({ body: { filter: { source: (await sent()).slug } }, rest: "?dry_run=true" })],
  },
  getReplay: { succeeds: async () => ({ id: await replay() }) },
  cancelReplay: {
    succeeds: async () => ({ id: await replay() }),
    refused: {
      replay_final: async () => {
        const id = await replay();
        await call("POST", `/replays/${id}/cancel`);
        return { id };
      },
    },
  },

  getRejections: {
    succeeds: async () => {
      const { slug } = await createRoute([{}], stripe);
      await createClient(intake()).app.request(`http://sluice.test/in/${slug}`, { method: "POST", body: "{}" });
      return {};
    },
  },
  getStats: {
    succeeds: async () => (await sent(), {}),
    also: [() => ({ rest: "?group_by=source&interval=hour" }), () => ({ rest: "?group_by=destination" })],
  },
  countEvents: { succeeds: async () => (await sent(), {}), also: [() => ({ rest: "?status=ignored&interval=hour" })] },
  countDeliveries: {
    succeeds: async () => (await sent(), {}),
    also: [() => ({ rest: "?status=waiting&error=timeout" })],
  },
  getLedger: { succeeds: async () => (await sent(), {}), also: [() => ({ rest: "?events=1" })] },
  getQueues: {
    succeeds: () => ({
      deps: {
        backlogs: async () => [
          { name: "sluice-events", backlog_count: 1, backlog_bytes: 20, oldest_at: 1 },
          { name: "sluice-slow", backlog_count: null, backlog_bytes: null, oldest_at: null },
        ],
      },
    }),
  },

  listAlerts: { succeeds: async () => (await alert(), {}) },
  createAlert: { succeeds: () => ({ body: { name: "Dead", rule: { type: "dead_letters" }, target: slack } }) },
  getAlert: { succeeds: async () => ({ id: await alert() }) },
  updateAlert: {
    succeeds: async () => ({ id: await alert(), body: { severity: "critical" } }),
    refused: {
      conflict: async () => {
        const id = await alert();
        return { id, body: { target: slack }, deps: raced("alerts", id) };
      },
    },
  },
  deleteAlert: { succeeds: async () => ({ id: await alert() }) },
  testAlert: {
    succeeds: async () => ({ id: await alert(), deps: { notifyAlert: async () => ok(204) } }),
    also: [async () => ({ id: await alert(), deps: { notifyAlert: async () => ({ ok: false, error: "timeout" }) } })],
  },

  listTokens: { succeeds: async () => (await token(), {}) },
  createToken: { succeeds: () => ({ body: { name: "Deploy", scope: "read", expires_at: "2099-01-01T00:00:00Z" } }) },
  getOwnToken: { succeeds: nothing },
  getToken: { succeeds: async () => ({ id: await token() }) },
  revokeToken: { succeeds: async () => ({ id: await token() }) },
  listAudit: { succeeds: async () => (await source(), {}), also: [() => ({ rest: "?kind=source" })] },
  listMasterKeys: { succeeds: async () => (await source(stripe), {}) },
  getSettings: { succeeds: nothing },
  watch: {
    succeeds: () => UPGRADE,
    refused: {
      upgrade_required: nothing,
      unavailable: () => ({ ...UPGRADE, deps: { watch: async () => new Response(null, { status: 503 }) } }),
    },
  },

  getContract: { succeeds: nothing },
  readContract: { succeeds: () => ({ deps: { pages } }) },
  getHealthz: { succeeds: nothing },
  getReadyz: { succeeds: nothing },
  getMetrics: { succeeds: async () => (await sent(), {}) },
  ...ingestion(),
};

function ingestion(): Record<string, Scenario> {
  const to = async (more: object = {}, sent: Sent = {}): Promise<Sent> => ({
    id: (await createRoute([{}], { allowed_methods: ["GET", "POST"], ...more })).slug,
    deps: intake(),
    ...sent,
  });
  const waits = (reason: "rate_limited" | "backpressure") => () =>
    to({}, { deps: intake({ admit: async () => ({ reason, retryAfterSeconds: 5 }) }) });
  const refused = {
    unknown_source: () => ({ id: "nowhere", deps: intake() }),
    method_not_allowed: () => to({ allowed_methods: ["PUT"] }),
    head_too_large: () => to({}, { headers: { "x-large": "x".repeat(20_000) } }),
    loop_detected: () => to({}, { headers: { "sluice-hops": "9" } }),
    verification_failed: () => to(stripe),
    awaiting_secret: () => to(waiting),
    rate_limited: waits("rate_limited"),
    backpressure: waits("backpressure"),
    unavailable: () => to({}, { deps: intake({ route: () => Promise.reject(new Error("down")) }) }),
  };
  const meta = { verification: { type: "meta", secrets: ["app"], verify_token: "mine" } };
  return {
    ingest: {
      succeeds: () => to({}, { body: { a: 1 } }),
      also: [() => to({}, { body: { a: 1 }, deps: intake({ repeats: async () => true }) })],
      refused: { ...refused, body_too_large: () => to({ max_body_bytes: 10 }, { body: { much: "x".repeat(99) } }) },
    },
    shakeHands: {
      succeeds: () => to(meta, { rest: "?hub.mode=subscribe&hub.verify_token=mine&hub.challenge=1158201444" }),
      also: [() => to()],
      refused,
    },
  };
}
