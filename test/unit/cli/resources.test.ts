import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { problem, sluice, type Seen } from "./harness.ts";

const env = { SLUICE_URL: "https://sluice.test", SLUICE_TOKEN: "t", SHOP_SECRET: "planted-secret" };
const source = {
  id: "src_1",
  slug: "shop",
  name: "Shop",
  verification: { type: "stripe" },
  enabled: true,
  url: "https://s.test/in/shop",
};
const destination = {
  ...{
    id: "dst_1",
    slug: "orders",
    name: "Orders",
    type: "http",
    url: "https://api.test/hooks",
    paused: false,
    health: "circuit_open",
    waiting: 3,
  },
  signing: { type: "none" },
};
const connection = {
  ...{ id: "con_1", slug: "shop-orders", source: "src_1", source_slug: "shop", destination: "dst_1" },
  ...{ destination_slug: "orders", enabled: true, paused: true, filter: { body: {} }, transform: null },
};
const page = (...data: object[]) => ({ data, next_cursor: null });
const asked = ({ requests }: { requests: Seen[] }) => requests.map(({ method, path, body }) => [method, path, body]);

describe("sources, destinations and connections", () => {
  it("are listed, searched and shown", async () => {
    const sources = await sluice("sources --search sh", {
      env,
      api: () => page(source, { ...source, health: "refuses_all" }),
    });
    expect(sources.requests[0]?.query).toEqual({ search: "sh", expand: "health", limit: "200" });
    expect(sources.out).toBe(
      [
        "SLUG  NAME  VERIFIES  HEALTH              URL",
        "shop  Shop  stripe    healthy             https://s.test/in/shop",
        "shop  Shop  stripe    refuses everything  https://s.test/in/shop",
        "",
      ].join("\n"),
    );
    const destinations = await sluice("destinations list", { env, api: () => page(destination) });
    expect(destinations.requests[0]?.query).toEqual({ expand: "waiting", limit: "200" });
    expect(destinations.out).toMatch(/\norders +Orders +http +circuit open +3 +https:\/\/api.test\/hooks\n$/);
    const wide = {
      ...destination,
      slug: "orders-of-the-shop",
      health: "some_failures",
      url: `https://${"a".repeat(60)}`,
    };
    const narrow = await sluice("destinations", { env, tty: true, columns: 60, api: () => page(wide) });
    for (const line of stripVTControlCharacters(narrow.out).split("\n")) expect(line.length).toBeLessThanOrEqual(60);
    const connections = await sluice("connections", { env, api: () => page(connection) });
    expect(connections.out).toMatch(/\nshop-orders +shop +orders +paused +yes +-\n$/);
    const json = await sluice("connections list --json", { env, api: () => page(connection) });
    expect(JSON.parse(json.out)).toEqual({ data: [connection] });
    const one = await sluice("sources get shop", { env, api: () => source });
    expect([one.requests[0]?.path, one.out]).toEqual([
      "/sources/shop",
      expect.stringMatching(/^id +src_1\nslug +shop\n/),
    ]);
    const lots = await sluice("sources --limit 1", { env, api: () => ({ ...page(source, source), next_cursor: "x" }) });
    expect([lots.requests.length, lots.out.split("\n").length]).toEqual([1, 3]);
  });

  it("are created from options and data, with secrets from the environment", async () => {
    const made = await sluice("sources create shop --verify stripe --secret-env SHOP_SECRET", {
      env,
      api: () => source,
    });
    expect(made.out).toBe("shop  https://s.test/in/shop\n");
    expect(asked(made)).toEqual([
      ["POST", "/sources", { slug: "shop", verification: { type: "stripe", secrets: ["planted-secret"] } }],
    ]);
    const filled = await sluice(
      ["sources", "create", "--data", '{"slug":"s","verification":{"type":"basic","secrets":[{"env":"SHOP_SECRET"}]}}'],
      { env, api: () => source },
    );
    expect(filled.requests[0]?.body).toMatchObject({ verification: { secrets: ["planted-secret"] } });
    for (const { out, err } of [made, filled]) expect(out + err).not.toContain("planted");
    const signed = await sluice("destinations create orders --target https://api.test/ --rate 5 --data @more.json", {
      env,
      files: { "more.json": '{"max_concurrency": 2, "signing": {"type": "standard_webhooks"}}' },
      api: () => ({ ...destination, signing: { type: "standard_webhooks", secrets: ["whsec_new"] } }),
    });
    expect(signed.requests[0]?.body).toEqual({
      ...{ max_concurrency: 2, signing: { type: "standard_webhooks" }, slug: "orders", url: "https://api.test/" },
      rate_limit: { limit: 5, period_seconds: 1 },
    });
    expect(signed.out).toBe("orders  dst_1\nsigning secret: whsec_new (shown only once)\n");
    const linked = await sluice("connections create --source shop --destination orders --filter -", {
      env,
      input: '{"body": {"a": 1}}',
      api: () => connection,
    });
    expect(linked.requests[0]?.body).toEqual({ source: "shop", destination: "orders", filter: { body: { a: 1 } } });
  });

  it.each([
    ["sources disable shop", "PATCH", "/sources/shop", { enabled: false }, "shop disabled"],
    ["sources enable shop", "PATCH", "/sources/shop", { enabled: true }, "shop enabled"],
    ["destinations pause orders", "POST", "/destinations/orders/pause", null, "orders paused"],
    ["destinations resume orders", "POST", "/destinations/orders/resume", null, "orders resumed"],
    ["connections pause c", "POST", "/connections/c/pause", null, "c paused"],
    ["connections resume c", "POST", "/connections/c/resume", null, "c resumed"],
    ["connections disable c", "PATCH", "/connections/c", { enabled: false }, "c disabled"],
    ["connections enable c", "PATCH", "/connections/c", { enabled: true }, "c enabled"],
  ])("%s", async (line, method, path, body, words) => {
    const done = await sluice(line, { env, api: ({ path: at }) => ({ slug: at.split("/")[2] }) });
    expect([done.code, done.out, asked(done)]).toEqual([0, `${words}\n`, [[method, path, body]]]);
  });

  it.each([
    ["sources create", 2, "SLUG, --name or --data is missing"],
    ["sources create s --secret-env NOTHING", 2, "the environment variable NOTHING is not set"],
    ["destinations create d", 2, "--target or --data is missing"],
    ["connections create --source s", 2, "--destination is missing"],
    ["connections create --source s --destination a --destination b", 2, "a connection has one --destination"],
    ["sources create --data [", 1, "--data is not valid JSON"],
    ["sources create --data 1", 1, "--data must be a JSON object"],
    ["sources create s --data @none", 1, "none cannot be read"],
    ['sources create s --data {"max_body_bytes":12345678901234567890}', 1, "/max_body_bytes cannot be represented"],
    ['sources create s --data {"verification":{"secrets":[{"env":"NO"}]}}', 1, "that are not set: NO"],
    ["sources pause shop", 2, "sources expects list, get, create, disable or enable, not pause"],
  ])("refuse, before anything is sent: %s", async (line, code, message) => {
    const refused = await sluice(line, { env });
    expect([refused.code, refused.requests]).toEqual([code, []]);
    expect(refused.err).toContain(message);
  });

  it("name what the API refuses", async () => {
    const errors = [{ pointer: "/verification/type", detail: "must be one of stripe, none" }];
    const misspelt = await sluice("sources create shop --verify strpe", {
      env,
      api: () => problem(422, "invalid", { errors }),
    });
    expect([misspelt.code, misspelt.err]).toEqual([1, "sluice: --verify: there is no strpe; did you mean stripe?\n"]);
    const api = () => problem(409, "slug_taken", { title: "This slug is taken" });
    const taken = await sluice("sources create shop", { env, api });
    expect([taken.code, taken.err]).toEqual([1, expect.stringContaining("This slug is taken (409 slug_taken)")]);
  });
});

describe("issues", () => {
  const issue = {
    id: "iss_1_status_500",
    destination: "dst_1",
    destination_slug: "orders",
    cause: "status_500",
    status: "open",
    count: 3,
    first_seen_at: "2026-01-31T11:00:00.000Z",
    last_seen_at: "2026-01-31T11:30:00.000Z",
  };

  it("are listed with filters, page by page", async () => {
    const listed = await sluice("issues --status open --destination orders", {
      env,
      api: ({ query }) =>
        query["cursor"] === undefined
          ? { data: [issue], next_cursor: "next" }
          : { data: [{ ...issue, id: "iss_1_timeout", cause: "timeout" }], next_cursor: null },
    });
    expect(listed.requests.map(({ path, query }) => [path, query["status"], query["cursor"]])).toEqual([
      ["/issues", "open", undefined],
      ["/issues", "open", "next"],
    ]);
    expect(listed.out).toMatch(/iss_1_status_500 +orders +HTTP 500 +open +3/);
    expect(listed.out).toMatch(/iss_1_timeout/);
  });

  it("say on a narrow terminal which destination fails and why; when it failed is left out first", async () => {
    const long = { ...issue, id: `iss_${"0".repeat(26)}_status_500`, destination_slug: "orders-of-the-shop" };
    const headings = async (columns: number) => {
      const { out } = await sluice("issues", { env, tty: true, columns, api: () => page(long) });
      for (const line of stripVTControlCharacters(out).split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
      return stripVTControlCharacters(out).split("\n")[0];
    };
    expect(await headings(100)).toMatch(/^ISSUE +DESTINATION +CAUSE +STATUS +FAILURES +LAST SEEN …$/);
    expect(await headings(80)).toMatch(/^ISSUE +DESTINATION +CAUSE +STATUS …$/);
    expect(await headings(60)).toMatch(/^DESTINATION +CAUSE +STATUS +FAILURES +LAST SEEN …$/);
  });

  it.each([
    ["acknowledge", { status: "acknowledged" }],
    ["mute", { status: "muted" }],
    ["mute --for 2h", { status: "muted", muted_until: "2026-01-31T14:00:00.000Z" }],
    ["close", { status: "closed" }],
    ["reopen", { status: "open" }],
  ])("%s", async (words, body) => {
    const [verb = "", ...options] = words.split(" ");
    const done = await sluice(["issues", verb, issue.id, ...options], { env, api: () => ({ ...issue, ...body }) });
    expect([done.code, done.out, asked(done)]).toEqual([
      0,
      `${issue.id} ${body.status}\n`,
      [["PATCH", `/issues/${issue.id}`, body]],
    ]);
  });

  it("get shows one with all its fields", async () => {
    const shown = await sluice(`issues get ${issue.id}`, { env, api: () => ({ ...issue, dead_letters: 2 }) });
    expect(shown.out).toMatch(/dead_letters +2/);
  });
});
