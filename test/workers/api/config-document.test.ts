import { env } from "cloudflare:workers";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeEach, describe, expect, it } from "vitest";
import { configPlace } from "../../../src/signing/index.ts";
import { SPEC_SCHEMAS } from "../../../src/management/specs.ts";
import { DESTINATION_TYPES, SPEC_OF_TYPE } from "../../../src/model/destination.ts";
import { openApiDocument } from "../../../src/api/openapi/index.ts";
import { MAX_CONFIG_RECORDS } from "../../../src/config/limits.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { createClient, type Json } from "./harness.ts";

const WHSEC = `whsec_${btoa("a-secret-of-24-bytes-or-more")}`;
const runtime = createRuntime({ ...env, SIGNING: WHSEC, LOGIN: "user:pass" } as typeof env);
const { vault } = runtime;
const { call, published } = createClient({ vault });

const wipe = async (): Promise<void> => {
  await env.DB.batch(["sources", "destinations", "connections"].map((name) => env.DB.prepare(`DELETE FROM ${name}`)));
};
beforeEach(wipe);

const put = (document: unknown, query = "", headers: Record<string, string> = {}) =>
  call("PUT", `/config${query}`, document, headers);
const exported = async () => (await call("GET", "/config")).json;
const pointers = (json: Json): string[] => (json.errors ?? []).map(({ pointer }) => pointer);
interface Change {
  action: string;
  kind: string;
  slug: string;
  fields: { pointer: string; from?: unknown; to?: unknown; secret?: true }[];
}
const changesOf = (json: Json): Change[] => json.changes as Change[];
const wordsOf = (json: Json): string[] => changesOf(json).map(({ action, kind, slug }) => `${action} ${kind} ${slug}`);
const fieldsOf = (json: Json, slug: string): Change["fields"] =>
  changesOf(json).find((change) => change.slug === slug && change.action !== "unchanged")?.fields ?? [];
const rowsOf = async (kind: string) =>
  (await env.DB.prepare(`SELECT * FROM ${kind} ORDER BY slug`).all<Record<string, string | number>>()).results;

const partner = { secret: "PARTNER_TOKEN" };
const login = { secret: "LOGIN" };

/** Every field of every kind, none at its default, secrets as references. New fields must be added here. */
const FULL = {
  version: 1,
  sources: [
    { slug: "api-key", verification: { type: "api_key", secrets: [partner], in: "query", name: "key" } },
    { slug: "basic", verification: { type: "basic", secrets: [login] } },
    {
      slug: "github",
      name: "Git Hub",
      enabled: false,
      verification: {
        type: "github",
        on_failure: "accept",
        allowed_ips: ["192.0.2.0/24", "2001:db8::/32"],
        secrets: [partner, login],
        allow_sha1: true,
      },
      allowed_methods: ["GET", "POST"],
      forward_credentials: true,
      max_body_bytes: 5_000,
      dedupe: { key: "header:x-github-delivery", window_seconds: 60 },
      event_type: { json: "repository.kind" },
      rate_limit: { limit: 5, period_seconds: 2, burst: 9 },
      response: { status: 200, headers: { "x-b": "2", "x-a": "1" }, content_type: "text/plain", body: "fine" },
    },
    {
      slug: "hmac",
      verification: {
        type: "hmac",
        secrets: [partner],
        tolerance_seconds: 60,
        public_origin: "https://hooks.example.com",
        algorithm: "sha512",
        encoding: "base64",
        header: "x-signature",
        prefix: "v1=",
        separator: ",",
        signed: "{timestamp}.{body}",
        timestamp_header: "x-time",
        timestamp_unit: "milliseconds",
      },
    },
    {
      slug: "jwt",
      verification: {
        type: "jwt",
        jwks_url: "https://id.example.com/keys",
        issuer: "https://id.example.com",
        audience: "sluice",
        algorithms: ["ES256"],
        header: "x-token",
      },
    },
    { slug: "plain" },
    { slug: "sns", verification: { type: "aws_sns", topic_arns: ["arn:aws:sns:eu-west-1:123456789012:orders"] } },
    { slug: "twilio", verification: { type: "twilio", secrets: [partner], public_origin: "https://a.example.com" } },
  ],
  destinations: [
    {
      slug: "api-key",
      url: "https://a.example.com/",
      auth: { type: "api_key", name: "k", value: partner, in: "query" },
    },
    {
      slug: "aws",
      url: "https://sqs.eu-west-1.amazonaws.com/",
      auth: {
        type: "aws_sigv4",
        access_key_id: "AKIDEXAMPLE",
        secret_access_key: partner,
        session_token: partner,
        region: "eu-west-1",
        service: "sqs",
      },
    },
    { slug: "basic", url: "https://b.example.com/", auth: { type: "basic", username: "u", password: partner } },
    {
      slug: "full",
      name: "Full",
      url: "https://full.example.com/hook",
      method: "PUT",
      headers: { "x-z": "{{event.id}}", "x-a": "1" },
      auth: { type: "bearer", token: partner },
      signing: { type: "standard_webhooks", algorithm: "ed25519", secrets: [{ secret: "SIGNING" }] },
      rate_limit: { limit: 10 },
      max_concurrency: 3,
      adaptive: false,
      timeout_ms: 5_000,
      retry: { strategy: "linear", base_seconds: 1, cap_seconds: 9, max_attempts: 3, max_age_seconds: 60, on: ["5xx"] },
      circuit: { failure_threshold: 5, failure_rate: 0.5, open_seconds: 3 },
      batch: { max_events: 5, max_bytes: 2_000, max_wait_seconds: 9, format: "ndjson" },
      path_forwarding: false,
      paused: true,
    },
    {
      slug: "hmac",
      url: "https://h.example.com/",
      auth: {
        type: "hmac",
        secret: partner,
        header: "x-sig",
        prefix: "t={timestamp},",
        template: "{timestamp}.{body}",
      },
      retry: { schedule_seconds: [1, 2] },
      circuit: null,
    },
    { slug: "laptop", type: "listener", circuit: null },
    {
      slug: "mock",
      type: "mock",
      response: { status: 503, headers: { "retry-after": "5" }, body: "busy" },
      delay_ms: 20,
      fail_first: 2,
    },
    { slug: "mtls", url: "https://m.example.com/", auth: { type: "mtls", binding: "CLIENT_CERTIFICATE" } },
    {
      slug: "oauth",
      url: "https://o.example.com/",
      auth: {
        type: "oauth2_client_credentials",
        token_url: "https://id.example.com/token",
        client_id: "c",
        client_secret: partner,
        scope: "s",
        auth_style: "post",
      },
    },
    { slug: "plain", url: "https://p.example.com/" },
    {
      slug: "queue-bound",
      type: "cloudflare_queue",
      binding: "ORDERS_QUEUE",
    },
    {
      slug: "queue-remote",
      type: "cloudflare_queue",
      account_id: "0123456789abcdef0123456789abcdef",
      queue_id: "fedcba9876543210fedcba9876543210",
      auth: { type: "bearer", token: partner },
    },
    {
      slug: "rabbit",
      type: "rabbitmq",
      url: "amqps://rabbit.example.com/jobs",
      auth: { type: "basic", username: "u", password: partner },
      exchange: "hooks",
      routing_key: "{event.type}",
      mandatory: false,
      rate_limit: { limit: 5 },
      paused: true,
    },
    {
      slug: "redis",
      type: "redis_stream",
      url: "rediss://redis.example.com/1",
      auth: { type: "basic", password: partner },
      stream: "orders",
      max_length: 1_000,
      headers: { "x-a": "{{event.id}}" },
    },
    {
      slug: "sqs",
      type: "sqs",
      url: "https://sqs.eu-west-1.amazonaws.com/1/orders.fifo",
      auth: { type: "aws_sigv4", access_key_id: "AKIDEXAMPLE", secret_access_key: partner, region: "eu-west-1" },
      group_id: "{body.id}",
    },
    {
      slug: "topic",
      type: "kafka",
      brokers: ["kafka.example.com:9093", "[2606:4700::1111]:9093"],
      auth: { type: "sasl_plain", username: "u", password: partner },
      topic: "orders",
      key: "{body.id}",
    },
    {
      slug: "topic-256",
      type: "kafka",
      brokers: ["10.0.0.1:9092"],
      tls: false,
      topic: "t",
      auth: { type: "sasl_scram_sha_256", username: "u", password: partner },
    },
    {
      slug: "topic-512",
      type: "kafka",
      brokers: ["k.example.com:9092"],
      topic: "t",
      auth: { type: "sasl_scram_sha_512", username: "u", password: partner },
    },
  ],
  connections: [
    {
      slug: "github-full",
      name: "All of it",
      source: "github",
      destination: "full",
      filter: { body: { $or: [{ action: "opened" }, { number: { $gte: 7 } }] }, headers: { "x-a": { $exist: true } } },
      missing_matches_not: false,
      transform: { headers: { set: { "x-b": "1" }, remove: ["x-c"] }, method: "PUT", body: '{"n": number}' },
      delay_seconds: 5,
      enabled: false,
      callback_url: "https://cb.example.com/done",
      failure_callback_url: "https://cb.example.com/failed",
      paused: true,
    },
    { slug: "plain", source: "plain", destination: "plain" },
  ],
};

describe("the configuration as one document", () => {
  it("applied to an empty deployment is exported as the same document, byte for byte", async () => {
    const applied = await put(FULL);
    expect([applied.status, applied.json.summary]).toEqual([200, { create: 28, update: 0, delete: 0, unchanged: 0 }]);
    const first = await call("GET", "/config");
    expect(first.json).toEqual(FULL);
    await wipe();
    expect((await put(first.text)).status).toBe(200);
    const second = await call("GET", "/config");
    expect(second.text).toBe(first.text);
    const again = await put(second.text);
    expect(again.json.summary).toEqual({ create: 0, update: 0, delete: 0, unchanged: 28 });
  });

  it("covers every field that a record can have, and every type of verification's options and of auth", () => {
    for (const kind of ["sources", "destinations", "connections"] as const) {
      const covered = new Set(FULL[kind].flatMap((item) => Object.keys(item)));
      const shapes =
        kind === "destinations" ? Object.values(SPEC_OF_TYPE).map(({ shape }) => shape) : [SPEC_SCHEMAS[kind].shape];
      for (const field of shapes.flatMap((shape) => Object.keys(shape)))
        expect([kind, field, covered.has(field)]).toEqual([kind, field, true]);
    }
    expect(new Set(FULL.destinations.map(({ type }) => type ?? "http"))).toEqual(new Set(DESTINATION_TYPES));
    const types = FULL.destinations.map(({ auth }) => auth?.type ?? "none");
    const known = SPEC_OF_TYPE.http.shape.auth.unwrap().options.map((option) => option.shape.type.value);
    const ofKafka = SPEC_OF_TYPE.kafka.shape.auth.unwrap().options.map((option) => option.shape.type.value);
    expect(new Set(types)).toEqual(new Set([...known, ...ofKafka]));
  });

  it("conforms to the contract, including the marks of secrets", async () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
    const { components } = openApiDocument("http://sluice.test") as { components: object };
    ajv.addSchema({ $id: "contract", components });
    const faults = (schema: string, value: unknown) =>
      ajv.validate({ $ref: `contract#/components/schemas/${schema}` }, value) ? [] : ajv.errors;
    const shop = { slug: "shop", verification: { type: "stripe", secrets: ["planted"] } };
    const signed = { slug: "signed", url: "https://a.example.com/", signing: { type: "standard_webhooks" } };
    const document = { ...FULL, sources: [...FULL.sources, shop], destinations: [...FULL.destinations, signed] };
    expect(faults("Config", document)).toEqual([]);
    const applied = await put(document);
    expect(applied.json.signing_secrets).toHaveLength(1);
    expect(faults("ConfigPlan", applied.json)).toEqual([]);
    const read = await exported();
    expect(JSON.stringify(read).match(/write_only/g)).toHaveLength(2);
    expect(faults("Config", read)).toEqual([]);
    expect(faults("Config", { ...document, colour: 1 })).not.toEqual([]);
  });

  it("is the same however the records were created, and leaves out defaults", async () => {
    await call("POST", "/sources", {
      slug: "shop",
      name: "Shop",
      verification: { type: "stripe", secrets: [partner] },
    });
    await call("POST", "/destinations", { slug: "orders", url: "https://a.example.com/" });
    await call("POST", "/connections", { source: "shop", destination: "orders" });
    await call("POST", "/destinations/orders/pause");
    expect(await exported()).toEqual({
      version: 1,
      sources: [{ slug: "shop", name: "Shop", verification: { type: "stripe", secrets: [partner] } }],
      destinations: [{ slug: "orders", url: "https://a.example.com/", paused: true }],
      connections: [{ slug: "shop-orders", source: "shop", destination: "orders" }],
    });
  });

  it("plans without changing anything, and lists the changes of each record field by field", async () => {
    await put({
      sources: [{ slug: "shop" }, { slug: "left" }],
      destinations: [{ slug: "orders", url: "https://a.example.com/", rate_limit: { limit: 5 } }],
      connections: [{ slug: "link", source: "shop", destination: "orders", filter: { body: { a: 1 } } }],
    });
    const before = (await call("GET", "/config")).text;
    const plan = await put(
      {
        sources: [{ slug: "shop" }, { slug: "fresh", max_body_bytes: 10 }],
        destinations: [{ slug: "orders", url: "https://b.example.com/", rate_limit: { limit: 6 }, method: "PUT" }],
        connections: [{ slug: "link", source: "shop", destination: "orders", filter: { body: { b: 1 } } }],
      },
      "?dry_run=true&prune=true",
    );
    expect(plan.json.dry_run).toBe(true);
    expect(plan.json.summary).toEqual({ create: 1, update: 2, delete: 1, unchanged: 1 });
    expect(wordsOf(plan.json)).toEqual([
      "create source fresh",
      "delete source left",
      "unchanged source shop",
      "update destination orders",
      "update connection link",
    ]);
    expect(fieldsOf(plan.json, "fresh")).toEqual([{ pointer: "/max_body_bytes", to: 10 }]);
    expect(fieldsOf(plan.json, "orders")).toEqual([
      { pointer: "/url", from: "https://a.example.com/", to: "https://b.example.com/" },
      { pointer: "/method", from: null, to: "PUT" },
      { pointer: "/rate_limit/limit", from: 5, to: 6 },
    ]);
    expect(fieldsOf(plan.json, "link")).toEqual([
      { pointer: "/filter/body/a", from: 1 },
      { pointer: "/filter/body/b", to: 1 },
    ]);
    expect((await call("GET", "/config")).text).toBe(before);
  });

  it("resets fields that are not given to their defaults, except for a pause", async () => {
    await put({ destinations: [{ slug: "a", url: "https://a.example.com/", timeout_ms: 500, paused: true }] });
    const applied = await put({ destinations: [{ slug: "a", url: "https://a.example.com/" }] });
    expect(fieldsOf(applied.json, "a")).toEqual([{ pointer: "/timeout_ms", from: 500, to: 15_000 }]);
    expect((await exported())["destinations"]).toEqual([{ slug: "a", url: "https://a.example.com/", paused: true }]);
    const resumed = await put({ destinations: [{ slug: "a", url: "https://a.example.com/", paused: false }] });
    expect(fieldsOf(resumed.json, "a")).toEqual([{ pointer: "/paused", from: true, to: false }]);
  });

  it("keeps records that it does not name, unless it prunes; a missing list prunes nothing", async () => {
    await put({
      sources: [{ slug: "a" }, { slug: "b" }],
      destinations: [{ slug: "x", url: "https://a.example.com/" }],
      connections: [
        { slug: "a-x", source: "a", destination: "x" },
        { slug: "b-x", source: "b", destination: "x" },
      ],
    });
    expect((await put({ sources: [{ slug: "a" }] })).json.summary).toMatchObject({ delete: 0 });
    const pruned = await put({ sources: [{ slug: "a" }] }, "?prune=true");
    expect(wordsOf(pruned.json)).toEqual(["unchanged source a", "delete source b", "delete connection b-x"]);
    expect(await exported()).toMatchObject({
      sources: [{ slug: "a" }],
      destinations: [{ slug: "x" }],
      connections: [{ slug: "a-x" }],
    });
    await put({ sources: [], destinations: [], connections: [] }, "?prune=true");
    expect(await exported()).toEqual({ version: 1, sources: [], destinations: [], connections: [] });
  });

  it("keeps ids, and replaces a connection whose source or destination changes", async () => {
    const ends = {
      sources: [{ slug: "a" }],
      destinations: [
        { slug: "x", url: "https://a.example.com/" },
        { slug: "y", url: "https://b.example.com/" },
      ],
    };
    await put({ ...ends, connections: [{ slug: "link", source: "a", destination: "x" }] });
    const [was] = await rowsOf("connections");
    const [source] = await rowsOf("sources");
    await put({ ...ends, connections: [{ slug: "link", source: "a", destination: "x", delay_seconds: 1 }] });
    expect((await rowsOf("connections"))[0]?.["id"]).toBe(was?.["id"]);
    const moved = await put({ ...ends, connections: [{ slug: "link", source: "a", destination: "y" }] });
    expect(wordsOf(moved.json).slice(-2)).toEqual(["delete connection link", "create connection link"]);
    const [is] = await rowsOf("connections");
    expect(is?.["id"]).not.toBe(was?.["id"]);
    expect((await rowsOf("sources"))[0]?.["id"]).toBe(source?.["id"]);
  });

  it("publishes the sources that it affects, and raises the versions of these only", async () => {
    await put({
      sources: [{ slug: "a" }, { slug: "b" }, { slug: "c" }],
      destinations: [{ slug: "x", url: "https://a.example.com/" }],
      connections: [{ slug: "a-x", source: "a", destination: "x" }],
    });
    const before = await rowsOf("sources");
    published.length = 0;
    await put({
      sources: [{ slug: "b", enabled: false }],
      destinations: [{ slug: "x", url: "https://b.example.com/" }],
    });
    const after = await rowsOf("sources");
    const moved = after.filter((row, index) => row.version !== before[index]?.["version"]);
    expect(moved.map((row) => row.slug)).toEqual(["a", "b"]);
    expect(published.flat().sort()).toEqual(moved.map((row) => String(row.id)).sort());
  });

  it("takes effect for ingest and consumers once it is applied", async () => {
    const { call } = createClient({ vault, publish: (sources, removed) => runtime.routes.publish(sources, removed) });
    await call("PUT", "/config", {
      sources: [{ slug: "a" }],
      destinations: [{ slug: "x", url: "https://a.example.com/" }],
      connections: [{ slug: "a-x", source: "a", destination: "x" }],
    });
    const document = await runtime.routes.bySlug("a", () => undefined);
    expect(document?.routes.map(({ destination }) => destination.slug)).toEqual(["x"]);
    await call("PUT", "/config?prune=true", { sources: [], connections: [] });
    expect(await runtime.routes.bySlug("a", () => undefined)).toBeNull();
    expect(await env.ROUTES.get("route/a", "json")).toEqual({ deleted: true });
  });

  it("writes an audit entry for each change, in the same transaction", async () => {
    await env.DB.prepare("DELETE FROM audit").run();
    const source = { slug: "a", verification: { type: "stripe", secrets: ["planted-one"] } };
    await put({ sources: [source, { slug: "b" }] });
    await put(
      { sources: [{ ...source, enabled: false, verification: { type: "stripe", secrets: ["planted-two"] } }] },
      "?prune=true",
    );
    await put({ sources: [{ slug: "c" }] }, "?dry_run=true");
    const audit = await call("GET", "/audit");
    const words = audit.json.data.map((entry) => [entry.action, entry.resource_name, entry.changed]);
    expect(words).toHaveLength(4);
    expect(words).toEqual(
      expect.arrayContaining([
        ["create", "a", []],
        ["create", "b", []],
        ["delete", "b", []],
        ["update", "a", ["/enabled", "/verification/secrets"]],
      ]),
    );
    expect(audit.text).not.toContain("planted-");
  });

  it("cancels the waiting deliveries of pruned records, as a deletion does", async () => {
    const cancelled: string[][] = [];
    const { call } = createClient({ cancelWaiting: async (of, id) => void cancelled.push([of, id]) });
    await call("PUT", "/config", {
      sources: [{ slug: "a" }],
      destinations: [{ slug: "x", url: "https://a.example.com/" }],
      connections: [{ slug: "a-x", source: "a", destination: "x" }],
    });
    const [x] = await rowsOf("destinations");
    const [link] = await rowsOf("connections");
    await call("PUT", "/config?prune=true", { destinations: [] });
    expect(cancelled.map(([of, id]) => [of, id]).sort(([a = ""], [b = ""]) => a.localeCompare(b))).toEqual([
      ["connection", link?.["id"]],
      ["destination", x?.["id"]],
    ]);
  });

  it("releases held deliveries when a pause ends, and reschedules when limits change", async () => {
    const released: unknown[] = [];
    const retimed: unknown[] = [];
    const { call } = createClient({
      release: async (of) => void released.push(of),
      reschedule: async (id) => void retimed.push(id),
    });
    const x = { slug: "x", url: "https://a.example.com/" };
    const link = { slug: "a-x", source: "a", destination: "x" };
    const document = { sources: [{ slug: "a" }], destinations: [x], connections: [link] };
    await call("PUT", "/config", {
      ...document,
      destinations: [{ ...x, paused: true }],
      connections: [{ ...link, paused: true }],
    });
    const ids = [(await rowsOf("destinations"))[0]?.["id"], (await rowsOf("connections"))[0]?.["id"]];
    await call("PUT", "/config", {
      destinations: [{ ...x, timeout_ms: 900 }],
      connections: [{ ...link, paused: false }],
    });
    expect([released, retimed]).toEqual([[{ connection_id: ids[1] }], []]);
    await call("PUT", "/config", { destinations: [{ ...x, paused: false }] });
    expect([released.slice(1), retimed]).toEqual([[{ destination_id: ids[0] }], [ids[0]]]);
    await call("PUT", "/config", { destinations: [{ ...x, max_concurrency: 2 }] });
    expect(retimed).toEqual([ids[0], ids[0]]);
  });
});

describe("secrets in the document", () => {
  const stripe = (secrets: unknown[]) => ({ sources: [{ slug: "s", verification: { type: "stripe", secrets } }] });
  const storedSecrets = async (): Promise<string[]> => {
    const [row] = await rowsOf("sources");
    const spec = JSON.parse(String(row?.["spec"])) as { verification: { secrets: { sealed: string }[] } };
    return vault.openSecrets(spec.verification.secrets, configPlace(String(row?.["id"]), "verification/secrets"));
  };
  const keep = { write_only: true };

  it("are never exported or shown by a plan, which says only whether they are kept, referenced or changed [G8]", async () => {
    const planted = {
      ...stripe(["planted-a", partner]),
      destinations: [
        { slug: "d", url: "https://a.example.com/", auth: { type: "bearer", token: "planted-token" } },
        { slug: "e", url: "https://a.example.com/", signing: { type: "standard_webhooks", secrets: [WHSEC] } },
      ],
    };
    const planned = await put(planted, "?dry_run=true");
    const applied = await put(planted);
    const read = await call("GET", "/config");
    expect(read.json).toMatchObject({
      sources: [{ verification: { secrets: [keep, partner] } }],
      destinations: [{ auth: { type: "bearer", token: keep } }, { signing: { secrets: [keep] } }],
    });
    const changed = await put({
      ...stripe([keep, "planted-b"]),
      destinations: [
        { slug: "d", url: "https://a.example.com/", auth: { type: "bearer", token: "planted-other" } },
        { slug: "e", url: "https://a.example.com/" },
      ],
    });
    expect(fieldsOf(changed.json, "s")).toEqual([
      { pointer: "/verification/secrets", from: [keep, partner], to: [keep, keep], secret: true },
    ]);
    expect(fieldsOf(changed.json, "d")).toEqual([{ pointer: "/auth/token", from: keep, to: keep, secret: true }]);
    const all = [planned, applied, read, changed].map(({ text }) => text).join("\n");
    expect(all).not.toMatch(/planted-|"sealed"|v1\.|whsec_/);
  });

  it("that are marked are kept, the first mark for the first stored one", async () => {
    await put(stripe(["one", partner, "two"]));
    const document = await call("GET", "/config");
    expect((await put(document.text)).json.summary).toMatchObject({ update: 0, unchanged: 1 });
    await put(stripe(["new", keep, keep]));
    expect(await storedSecrets()).toEqual(["new", "one", "two"]);
    await put(stripe([keep, keep]));
    expect(await storedSecrets()).toEqual(["new", "one"]);
  });

  it("that are given again change nothing: a document can be applied repeatedly", async () => {
    await put(stripe(["one", "two"]));
    const [before] = await rowsOf("sources");
    const again = await put(stripe(["one", "two"]));
    expect(again.json.summary).toMatchObject({ update: 0, unchanged: 1 });
    expect(await rowsOf("sources")).toEqual([before]);
  });

  it("that are marked but not stored get a 422 that names each of them, and nothing is stored [G12]", async () => {
    const answer = await put({
      ...stripe([keep, partner, keep]),
      destinations: [
        { slug: "d", url: "https://a.example.com/", auth: { type: "basic", username: "u", password: keep } },
      ],
    });
    expect([answer.status, pointers(answer.json)]).toEqual([
      422,
      ["/sources/0/verification/secrets/0", "/sources/0/verification/secrets/2", "/destinations/0/auth/password"],
    ]);
    expect(await rowsOf("sources")).toEqual([]);
    // A part of another type than the stored one has nothing to keep.
    await put(stripe(["one"]));
    const other = await put({ sources: [{ slug: "s", verification: { type: "github", secrets: [keep] } }] });
    expect([other.status, pointers(other.json)]).toEqual([422, ["/sources/0/verification/secrets/0"]]);
  });

  it("given in place of the marks make an empty deployment export the same document", async () => {
    const values = { ...stripe(["one"]), destinations: [], connections: [] };
    await put(values);
    const first = await call("GET", "/config");
    await wipe();
    expect((await put(first.text)).status).toBe(422);
    await put(values);
    expect((await call("GET", "/config")).text).toBe(first.text);
  });

  it("for signing are made once when none is given, shown only in that answer, and then kept with their predecessors", async () => {
    const document = {
      destinations: [{ slug: "d", url: "https://a.example.com/", signing: { type: "standard_webhooks" } }],
    };
    expect((await put(document, "?dry_run=true")).json).not.toHaveProperty("signing_secrets");
    const made = await put(document);
    expect(made.json.signing_secrets).toEqual([{ destination: "d", secrets: [expect.stringMatching(/^whsec_/)] }]);
    await call("POST", "/destinations/d/rotate-secret", {});
    const before = await rowsOf("destinations");
    expect(String(before[0]?.["spec"])).toContain('"retiring":[{');
    for (const same of [document, await exported()]) {
      const again = await put(same);
      expect([again.json.summary, again.json.signing_secrets]).toEqual([
        { create: 0, update: 0, delete: 0, unchanged: 1 },
        undefined,
      ]);
    }
    await put({ destinations: [{ ...document.destinations[0], timeout_ms: 500 }] });
    const [after] = await rowsOf("destinations");
    const signing = (row: unknown) => (JSON.parse((row as { spec: string }).spec) as Json)["signing"];
    expect(signing(after)).toEqual(signing(before[0]));
    await put({
      destinations: [{ ...document.destinations[0], signing: { type: "standard_webhooks", secrets: [WHSEC] } }],
    });
    expect(signing((await rowsOf("destinations"))[0])).toMatchObject({ retiring: [], public_keys: [] });
  });

  it("are not accepted in their encrypted form", async () => {
    await put(stripe(["one"]));
    const { sealed } = (
      JSON.parse(String((await rowsOf("sources"))[0]?.["spec"])) as { verification: { secrets: { sealed: string }[] } }
    ).verification.secrets[0] ?? { sealed: "" };
    const answer = await put(stripe([{ sealed }]));
    expect([answer.status, pointers(answer.json)]).toEqual([422, ["/sources/0/verification/secrets/0"]]);
  });
});

describe("an invalid document", () => {
  it("is refused as a whole, each fault with its pointer, and nothing is stored [G12]", async () => {
    const answer = await put({
      sources: [{ slug: "fine" }, { slug: "s", max_body_bytes: -1, colour: 1, paused: true }],
      destinations: [
        { slug: "a", url: "https://a.example.com/" },
        { slug: "b", url: "https://192.168.0.1/", source: "fine" },
        { slug: "c", url: "ftp://x" },
        { slug: "d" },
        { slug: "e", url: "https://a.example.com/", headers: { host: "x" } },
        { slug: "f", url: "https://a.example.com/", auth: { type: "mtls", binding: "NOWHERE" } },
      ],
      connections: [
        { slug: "l", source: "fine", destination: "nowhere" },
        { slug: "m", source: "nowhere", destination: "a", filter: { body: { a: { $like: 1 } } } },
      ],
    });
    expect(answer.status).toBe(422);
    expect(pointers(answer.json)).toEqual([
      "/sources/1/max_body_bytes",
      "/sources/1/colour",
      "/sources/1/paused",
      "/destinations/1/source",
      "/destinations/2/url",
      "/destinations/3/url",
      "/destinations/4/headers/host",
      "/destinations/5/auth/binding",
      "/connections/0/destination",
      expect.stringMatching("^/connections/1/filter/body/a"),
      "/connections/1/source",
    ]);
    expect(await exported()).toEqual({ version: 1, sources: [], destinations: [], connections: [] });
  });

  it.each([
    [[], "/"],
    [{ version: 2 }, "/version"],
    [{ sources: {} }, "/sources"],
    [{ sources: ["a"] }, "/sources/0"],
    [{ sources: [{ name: "A" }] }, "/sources/0/slug"],
    [{ sources: [{ slug: "A" }] }, "/sources/0/slug"],
    [{ sources: [{ slug: "a" }, { slug: "b" }, { slug: "a" }] }, "/sources/2/slug"],
    [{ connections: [{ slug: "a", source: "b" }] }, "/connections/0/destination"],
    [{ destinations: [{ slug: "a", url: "https://a.example.com/", paused: "yes" }] }, "/destinations/0/paused"],
    [{ tokens: [] }, "/tokens"],
    [{ sources: Array.from({ length: MAX_CONFIG_RECORDS + 1 }, (_, index) => ({ slug: `s${index}` })) }, "/sources"],
  ])("is refused with a pointer to the fault: %j", async (document, pointer) => {
    const answer = await put(document);
    expect([answer.status, answer.headers.get("content-type"), pointers(answer.json)]).toEqual([
      422,
      "application/problem+json",
      [pointer],
    ]);
  });

  it("or an invalid query changes nothing", async () => {
    const document = { sources: [{ slug: "a" }] };
    expect(pointers((await put(document, "?dry_run=1")).json)).toEqual(["/query/dry_run"]);
    expect(pointers((await put(document, "?prune=yes")).json)).toEqual(["/query/prune"]);
    expect((await put("{")).status).toBe(400);
    expect((await exported())["sources"]).toEqual([]);
  });

  it("whose connections name a source or destination that it prunes is refused", async () => {
    await put({ sources: [{ slug: "a" }], destinations: [{ slug: "x", url: "https://a.example.com/" }] });
    const link = { slug: "l", source: "a", destination: "x" };
    expect((await put({ connections: [link] }, "?dry_run=true")).status).toBe(200);
    const answer = await put({ sources: [], connections: [link] }, "?prune=true");
    expect([answer.status, pointers(answer.json)]).toEqual([422, ["/connections/0/source"]]);
  });
});

describe("changes at the same time", () => {
  const document = { sources: [{ slug: "a" }], destinations: [{ slug: "x", url: "https://a.example.com/" }] };

  it("invalidate a plan: If-Match with its ETag gets 412 after any change", async () => {
    await put(document);
    const next = { ...document, sources: [{ slug: "a", enabled: false }] };
    const plan = await put(next, "?dry_run=true");
    const etag = plan.headers.get("etag") ?? "";
    expect(etag).toBe((await call("GET", "/config")).headers.get("etag"));
    await call("PATCH", "/destinations/x", { timeout_ms: 500 });
    const late = await put(next, "", { "if-match": etag });
    expect([late.status, late.json.code]).toEqual([412, "precondition_failed"]);
    expect((await exported())["sources"]).toEqual([{ slug: "a" }]);
    const fresh = await put(next, "?dry_run=true");
    const applied = await put(next, "", { "if-match": fresh.headers.get("etag") ?? "" });
    expect(applied.status).toBe(200);
    expect(applied.headers.get("etag")).toBe((await call("GET", "/config")).headers.get("etag"));
  });

  it.each([
    ["a change", "UPDATE destinations SET spec = json_set(spec, '$.timeout_ms', 700)"],
    ["a pause", "UPDATE destinations SET paused = 1"],
    [
      "a new record",
      "INSERT INTO sources (id, slug, spec, created_at, updated_at) VALUES ('src_x', 'new', '{}', 0, 0)",
    ],
    ["a deletion", "DELETE FROM sources"],
  ])("refuse the whole document with 409 after %s between reading and writing", async (_name, sql) => {
    await put(document);
    // The batch that reads has three statements, the one that writes more.
    const batch = async (statements: D1PreparedStatement[]) => {
      if (statements.length > 3) await env.DB.prepare(sql).run();
      return env.DB.batch(statements);
    };
    const db = { prepare: (text: string) => env.DB.prepare(text), batch } as unknown as D1Database;
    const { call } = createClient({ db });
    const answer = await call("PUT", "/config", { sources: [{ slug: "a", enabled: false }, { slug: "b" }] });
    expect([answer.status, answer.json.code]).toEqual([409, "conflict"]);
    const slugs = (await rowsOf("sources")).map((row) => [row.slug, String(row.spec).includes('"enabled":false')]);
    expect(slugs).not.toContainEqual(["b", false]);
    expect(slugs).not.toContainEqual(["a", true]);
  });
});

describe("a large configuration", () => {
  it("of a thousand records of each kind is planned and applied in one call; a larger one is refused", async () => {
    const range = Array.from({ length: MAX_CONFIG_RECORDS }, (_, index) => String(index).padStart(4, "0"));
    const large = {
      version: 1,
      sources: range.map((n) => ({ slug: `s${n}` })),
      destinations: range.map((n) => ({ slug: `d${n}`, url: `https://d${n}.example.com/`, max_concurrency: 5 })),
      connections: range.map((n) => ({ slug: `c${n}`, source: `s${n}`, destination: `d${n}` })),
    };
    const applied = await put(large);
    expect([applied.status, applied.json.summary]).toEqual([
      200,
      { create: 3_000, update: 0, delete: 0, unchanged: 0 },
    ]);
    expect(await exported()).toEqual(large);
    expect((await put(large, "?prune=true")).json.summary).toMatchObject({ unchanged: 3_000 });
    expect((await call("POST", "/sources", { slug: "one-more" })).status).toBe(201);
    for (const answer of [await call("GET", "/config"), await put({})])
      expect([answer.status, answer.json.code]).toEqual([409, "config_too_large"]);
  });
});
