import { describe, expect, it } from "vitest";
import { ofSluice, problem, sluice, type Seen } from "./harness.ts";

const event = (n: number, more: object = {}) => ({
  id: `evt_${n}`,
  source: "src_1",
  source_slug: "shop",
  event_type: n === 1 ? null : "order.paid",
  received_at: new Date(Date.UTC(2026, 0, 31, 12, 0, n)).toISOString(),
  method: "POST",
  path: "",
  query: "",
  body_bytes: 10 * n,
  status: "delivered",
  ...more,
});
const delivery = (n: number, more: object = {}) => ({
  id: `dlv_${n}`,
  event_id: "evt_1",
  event_type: "order.paid",
  source_slug: "shop",
  destination_slug: "orders",
  status: "dead",
  attempts_made: 11,
  next_attempt_at: null,
  last_response_status: 500,
  last_error: "attempts_exhausted: http_status",
  created_at: "2026-01-31T12:00:00.000Z",
  ...more,
});

const change = { action: "update", kind: "destination", slug: "orders" };
const PLAN = {
  dry_run: true,
  summary: { create: 1, update: 1, delete: 1, unchanged: 2 },
  changes: [
    { action: "create", kind: "source", slug: "shop", fields: [{ pointer: "/max_body_bytes", to: 10 }] },
    { action: "unchanged", kind: "source", slug: "other", fields: [] },
    { action: "delete", kind: "source", slug: "gone", fields: [{ pointer: "/enabled", from: false }] },
    {
      ...change,
      fields: [
        { pointer: "/rate_limit/limit", from: 50, to: 20 },
        { pointer: "/auth/token", from: { write_only: true }, to: { write_only: true }, secret: true },
        { pointer: "/signing/secrets", to: [{ secret: "S" }], secret: true },
      ],
    },
  ],
};
const NOTHING = { dry_run: true, summary: { create: 0, update: 0, delete: 0, unchanged: 2 }, changes: [] };
const planned = (plan: object) => () => ofSluice(plan, { etag: '"e1"' });

describe("plan and apply", () => {
  const files = { "sluice.json": '{"sources": []}' };

  it("show each change with its fields, and only that secrets change, not their values", async () => {
    const { code, out, requests } = await sluice("plan sluice.json --prune", { files, api: planned(PLAN) });
    expect(code).toBe(0);
    expect(requests.map(({ method, path, query, body }) => ({ method, path, query, body }))).toEqual([
      { method: "PUT", path: "/config", query: { dry_run: "true", prune: "true" }, body: { sources: [] } },
    ]);
    expect(out).toBe(
      [
        "+ source shop",
        "    /max_body_bytes: 10",
        "- source gone",
        "~ destination orders",
        "    /rate_limit/limit: 50 -> 20",
        "    /auth/token: (another secret)",
        '    /signing/secrets: (nothing) -> [{"secret":"S"}] (secret)',
        "1 to create, 1 to update, 1 to delete, 2 unchanged.",
        "",
      ].join("\n"),
    );
  });

  it("exit with 3 if there are changes, with --exit-code", async () => {
    const codeOf = async (argv: string, plan: object) => (await sluice(argv, { files, api: planned(plan) })).code;
    expect(await codeOf("plan sluice.json", PLAN)).toBe(0);
    expect(await codeOf("plan sluice.json --exit-code", PLAN)).toBe(3);
    expect(await codeOf("plan sluice.json --exit-code", NOTHING)).toBe(0);
  });

  it("read the file from standard input, and replace env references by environment variables only in place of secrets", async () => {
    const document = {
      sources: [{ slug: "s", verification: { type: "stripe", secrets: [{ env: "WHSEC" }, { secret: "B" }] } }],
      destinations: [{ slug: "d", auth: { type: "bearer", token: { env: "API_TOKEN" } } }],
      connections: [{ slug: "c", filter: { body: { env: "production" } } }],
    };
    const env = { SLUICE_URL: "https://sluice.test", SLUICE_TOKEN: "t", WHSEC: "whsec_x", API_TOKEN: "tok" };
    const sent = await sluice("plan -", { input: JSON.stringify(document), env, api: planned(NOTHING) });
    expect(sent.requests[0]?.body).toEqual({
      sources: [{ slug: "s", verification: { type: "stripe", secrets: ["whsec_x", { secret: "B" }] } }],
      destinations: [{ slug: "d", auth: { type: "bearer", token: "tok" } }],
      connections: [{ slug: "c", filter: { body: { env: "production" } } }],
    });
    const missing = await sluice("plan -", { input: JSON.stringify(document), api: planned(NOTHING) });
    expect([missing.code, missing.requests]).toEqual([1, []]);
    expect(missing.err).toBe("sluice: - refers to environment variables that are not set: WHSEC, API_TOKEN\n");
  });

  it.each([
    ["plan none.json", "none.json cannot be read"],
    ["plan broken.json", "broken.json is not valid JSON"],
    ["apply broken.json --yes", "broken.json is not valid JSON"],
  ])("exit with 1 if the file is unusable: %s", async (argv, message) => {
    const { code, err, requests } = await sluice(argv, { files: { "broken.json": "{" } });
    expect([code, requests]).toEqual([1, []]);
    expect(err).toContain(message);
  });

  it("send numbers exactly as written, or refuse the file", async () => {
    const text = '{"connections":[{"slug":"c","filter":{"body":{"id":9007199254740993}}}]}';
    const untouched = await sluice("plan c.json", { files: { "c.json": text }, api: planned(NOTHING) });
    expect(untouched.requests).toHaveLength(1);
    const secret = `{"sources":[{"slug":"s","verification":{"type":"stripe","secrets":[{"env":"SLUICE_URL"}]}}],${text.slice(1)}`;
    const filled = await sluice("plan c.json", { files: { "c.json": secret }, api: planned(NOTHING) });
    expect([filled.code, filled.requests]).toEqual([1, []]);
    expect(filled.err).toBe(
      "sluice: c.json: the number at /connections/0/filter/body/id cannot be represented exactly\n",
    );
  });

  it("apply only what was planned: the second request has the first one's ETag", async () => {
    const { code, out, requests } = await sluice("apply sluice.json --yes", {
      files,
      api: ({ query }) =>
        ofSluice(
          {
            ...PLAN,
            dry_run: query["dry_run"] === "true",
            signing_secrets: [{ destination: "d", secrets: ["whsec_new"] }],
            signing_secrets_withheld: ["e"],
          },
          { etag: '"e1"' },
        ),
    });
    expect(code).toBe(0);
    expect(requests.map(({ query, headers }) => [query["dry_run"], headers.get("if-match")])).toEqual([
      ["true", null],
      ["false", '"e1"'],
    ]);
    expect(out).toContain("Applied.\nd signing secret: whsec_new (shown only once)\n");
    expect(out).toContain("e signing secret: shown to admins only; an admin can rotate it\n");
  });

  it("ask for confirmation on a terminal", async () => {
    const no = await sluice("apply sluice.json", { files, tty: true, answer: "", api: planned(PLAN) });
    expect([no.code, no.requests.length, no.questions]).toEqual([1, 1, ["Apply these changes? [y/N] "]]);
    expect(no.err).toContain("Nothing was changed.");
    const yes = await sluice("apply sluice.json", { files, tty: true, answer: "Yes", api: planned(PLAN) });
    expect([yes.code, yes.requests.length]).toEqual([0, 2]);
    const none = await sluice("apply sluice.json", { files, tty: true, api: planned(NOTHING) });
    expect([none.code, none.requests.length, none.questions]).toEqual([0, 1, []]);
  });

  it("fail if the configuration has changed in between", async () => {
    const { code, err } = await sluice("apply sluice.json --yes", {
      files,
      api: ({ query }) =>
        query["dry_run"] === "true" ? ofSluice(PLAN) : problem(412, "precondition_failed", { title: "Changed since" }),
    });
    expect([code, err]).toEqual([1, "sluice: Changed since (412 precondition_failed)\n  because\n"]);
  });

  it("print only JSON with --json", async () => {
    const { out } = await sluice("apply sluice.json --yes --json", {
      files,
      api: planned({ ...PLAN, dry_run: false }),
    });
    expect(JSON.parse(out)).toEqual({ ...PLAN, dry_run: false });
    const none = await sluice("apply sluice.json --yes --json", { files, api: planned(NOTHING) });
    expect(JSON.parse(none.out)).toEqual({ ...NOTHING, dry_run: false });
  });
});

describe("export", () => {
  const document = { version: 1, sources: [{ slug: "a" }], destinations: [], connections: [] };

  it("writes the same text to the terminal or to a file", async () => {
    const shown = await sluice("export", { api: () => document });
    expect(JSON.parse(shown.out)).toEqual(document);
    const written = await sluice("export sluice.json", { api: () => document });
    expect(written.files["sluice.json"]).toBe(shown.out);
    expect([written.out, written.err]).toEqual(["", "sluice.json: 1 source, 0 destinations, 0 connections.\n"]);
  });
});

describe("send", () => {
  const api = () => ({ id: "evt_1", status: "accepted" });
  const bodyOf = ({ requests }: { requests: Seen[] }) => requests[0]?.body as Record<string, unknown>;
  const text = (body: Record<string, unknown>) => Buffer.from(String(body["body_base64"]), "base64").toString();

  it("publishes to a source or to destinations, from text, file or standard input, byte for byte", async () => {
    const inline = await sluice(
      "send shop --data {} --header X-A:1 --delay 2m --callback-url https://cb.test/ --idempotency-key k",
      { api },
    );
    expect([inline.code, inline.out]).toEqual([0, "evt_1\n"]);
    expect(inline.requests[0]).toMatchObject({ method: "POST", path: "/events" });
    expect(inline.requests[0]?.headers.get("idempotency-key")).toBe("k");
    expect(bodyOf(inline)).toEqual({
      source: "shop",
      body_base64: "e30=",
      headers: { "content-type": "application/json", "x-a": "1" },
      delay_seconds: 120,
      callback_url: "https://cb.test/",
    });
    const file = await sluice("send --destination a --destination b --data @x.txt", {
      api,
      files: { "x.txt": "wörd\n" },
    });
    expect(bodyOf(file)).toMatchObject({
      destinations: ["a", "b"],
      headers: { "content-type": "text/plain; charset=utf-8" },
    });
    expect(text(bodyOf(file))).toBe("wörd\n");
    const input = await sluice("send shop --data - --header Content-Type:text/xml", { api, input: "<a/>" });
    expect([text(bodyOf(input)), bodyOf(input)["headers"]]).toEqual(["<a/>", { "content-type": "text/xml" }]);
    expect(bodyOf(await sluice("send shop", { api }))).toEqual({ source: "shop", body_base64: "", headers: {} });
    expect((await sluice("send shop --data @none", { api })).err).toContain("none cannot be read");
    const large = await sluice("send shop --data -", { api, input: "x".repeat(900_000) });
    expect([large.code, large.requests]).toEqual([1, []]);
    expect(large.err).toContain("the data has 900 KB, and send takes up to 780 KB. POST more to the source's URL");
  });

  it.each([
    [["--data", '{"a": 1', "--header", "content-type: application/json"], "--data, sent as application/json, is not"],
    [
      ["--data", "a: 1", "--header", "content-type: application/cloudevents+json; charset=utf-8"],
      "+json; charset=utf-8, is",
    ],
    [["--data", "", "--header", "content-type: application/json"], "--data, sent as application/json, is not"],
    [["--data", "@bad.json"], "bad.json is not valid JSON"],
    [["--data", "{order: 1}"], "--data looks like JSON and is not valid"],
    [["--data", "-"], "--data looks like JSON and is not valid"],
  ])("refuses data that is not the JSON that it says it is: %j", async (given, message) => {
    const { code, err, requests } = await sluice(["send", "shop", ...given], {
      api,
      files: { "bad.json": "hello" },
      input: "[1, 2",
    });
    expect([code, requests]).toEqual([1, []]);
    expect(err).toContain(message);
  });

  it("sends what looks like JSON as text if that is what the header says", async () => {
    const { requests } = await sluice(["send", "shop", "--data", "{order", "--header", "content-type: text/plain"], {
      api,
    });
    expect(requests[0]?.body).toMatchObject({ headers: { "content-type": "text/plain" } });
  });

  it("waits for the outcome with --wait: exits with 0 if it was delivered everywhere, otherwise with 1", async () => {
    const states = ["accepted", "in_progress", "delivered"];
    const waiting = () => {
      let asked = 0;
      return ({ method }: Seen) =>
        method === "POST"
          ? api()
          : {
              id: "evt_1",
              status: states[asked++],
              deliveries: [delivery(1, { status: "delivered" })],
              ignored_by: [],
            };
    };
    const done = await sluice("send shop --wait", { api: waiting() });
    expect([done.code, done.requests.length]).toEqual([0, 4]);
    expect(done.out).toMatch(/^evt_1 delivered\nDELIVERY .*\ndlv_1 /);
    const never = ({ method }: Seen) =>
      method === "POST" ? api() : { id: "evt_1", status: "in_progress", deliveries: [], ignored_by: [] };
    const late = await sluice("send shop --wait --timeout 3s", { api: never });
    expect([late.code, late.out]).toEqual([1, "evt_1 in progress\n"]);
    expect(late.requests).toHaveLength(1 + 7);
  });

  it("goes on waiting with --wait when Sluice is away for a moment, not for good", async () => {
    const awayFor = (times: number) => {
      let asked = 0;
      return ({ method }: Seen) => {
        if (method === "POST") return api();
        if (asked++ < times) return new Error("network gone");
        return { id: "evt_1", status: "delivered", deliveries: [], ignored_by: [] };
      };
    };
    const back = await sluice("send shop --wait", { api: awayFor(4) });
    expect([back.code, back.out.split("\n")[0]]).toEqual([0, "evt_1 delivered"]);
    const gone = await sluice("send shop --wait", { api: awayFor(100) });
    expect([gone.code, gone.err]).toEqual([1, expect.stringContaining("Cannot reach Sluice")]);
  });

  it("asks for the last time when --timeout is up, also while Sluice is away", async () => {
    const gone = await sluice("send shop --wait --timeout 3s", {
      api: ({ method }) => (method === "POST" ? api() : new Error("network gone")),
    });
    // After 0, 0.5, 1.5 and 3 seconds.
    expect([gone.code, gone.requests.length]).toEqual([1, 1 + 4]);
    expect(gone.err).toContain("Cannot reach Sluice");
  });
});

describe("events and deliveries", () => {
  it("list what matches the filters, page by page up to the limit", async () => {
    const api = ({ query }: Seen) =>
      query["cursor"] === undefined
        ? { data: [event(3, { status: "in_progress" }), event(2)], next_cursor: "more" }
        : { data: [event(1), event(0)], next_cursor: "even-more" };
    const { out, requests } = await sluice(
      "events --source shop --type order.paid --status delivered --from 2h --to 2026-01-31 --limit 3",
      { api },
    );
    expect(requests.map(({ query }) => query)).toEqual([
      {
        source: "shop",
        type: "order.paid",
        status: "delivered",
        from: "2026-01-31T10:00:00.000Z",
        to: "2026-01-31T00:00:00.000Z",
        limit: "3",
      },
      expect.objectContaining({ cursor: "more" }),
    ]);
    expect(out).toBe(
      [
        "EVENT  RECEIVED                  SOURCE  TYPE        METHOD  PATH  BYTES  STATUS",
        "evt_3  2026-01-31T12:00:03.000Z  shop    order.paid  POST    /     30     in progress",
        "evt_2  2026-01-31T12:00:02.000Z  shop    order.paid  POST    /     20     delivered",
        "evt_1  2026-01-31T12:00:01.000Z  shop    -           POST    /     10     delivered",
        "",
      ].join("\n"),
    );
    const json = await sluice("events list --limit 3 --json", { api });
    expect((JSON.parse(json.out) as { data: unknown[] }).data).toHaveLength(3);
    const none = await sluice("events", { api: () => ({ data: [], next_cursor: null }) });
    expect([none.code, none.out, none.err]).toEqual([0, "", "No records.\n"]);
  });

  it("continue through pages that are short or empty", async () => {
    const pages = [
      { data: [], next_cursor: "a" },
      { data: [delivery(1)], next_cursor: "b" },
      { data: [], next_cursor: null },
    ];
    const { out, requests } = await sluice(
      "deliveries --status dead --destination orders --type order.paid --connection c --response-status 500 --error timeout --cause status_500",
      { api: () => pages.shift() },
    );
    expect(requests).toHaveLength(3);
    expect(requests[0]?.query).toMatchObject({
      ...{ status: "dead", destination: "orders", type: "order.paid" },
      ...{ connection: "c", response_status: "500", error: "timeout", cause: "status_500" },
    });
    expect(out).toMatch(/dlv_1 .* shop +order\.paid +orders +dead +11 +all attempts failed: HTTP 500 +-\n$/);
  });

  it("use color only on a terminal and without NO_COLOR", async () => {
    const api = () => ({ data: [delivery(1)], next_cursor: null });
    const red = "\u001b[31mdead\u001b[0m";
    expect((await sluice("deliveries", { api, tty: true })).out).toContain(red);
    expect((await sluice("deliveries", { api })).out).not.toContain("\u001b");
    const env = { SLUICE_URL: "https://sluice.test", SLUICE_TOKEN: "t", NO_COLOR: "1" };
    expect((await sluice("deliveries", { api, tty: true, env })).out).not.toContain("\u001b");
  });

  it("fit a terminal of 60 columns, with ids as long as they are", async () => {
    const event_id = `evt_${"0".repeat(33)}`;
    const records = [{ ...event(2), ...delivery(1), event_type: "order.paid", status: "delivered" }];
    for (const [command, id] of [
      ["events", event_id],
      ["deliveries", `dlv_${"0".repeat(42)}`],
    ] as const) {
      const api = () => ({ data: records.map((record) => ({ ...record, id })), next_cursor: null });
      const env = { SLUICE_URL: "https://sluice.test", SLUICE_TOKEN: "t", NO_COLOR: "1" };
      const { out } = await sluice(command, { api, tty: true, columns: 60, env });
      expect(out).toMatch(new RegExp(`${id}.* delivered\n`));
      for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(60);
    }
  });

  it("do not print control characters from senders to the terminal", async () => {
    const { out } = await sluice("events", {
      api: () => ({ data: [event(1, { path: "/\u001b[2J\u202e" })], next_cursor: null }),
    });
    expect(out).toContain("/\\u001b[2J\\u202e");
    for (const steering of ["\u001b", "\u202e"]) expect(out).not.toContain(steering);
  });

  it("show one record with all its fields", async () => {
    const one = await sluice("events get evt_1", {
      api: () => ({
        ...event(1),
        headers: [["x-a", "1"]],
        deliveries: [delivery(1)],
        ignored_by: [{ connection: "con_1", reason: "filter", failed_clause: "/body/a" }],
      }),
    });
    for (const part of ["evt_1", "x-a: 1", "dlv_1", "ignored by con_1: /body/a"]) expect(one.out).toContain(part);
    const body = await sluice("events get evt_1 --body", { api: () => ofSluice("bytes") });
    expect([body.out, body.requests[0]?.path]).toEqual(["bytes", "/events/evt_1/body"]);
    const attempt = {
      number: 1,
      started_at: "2026-01-31T12:00:00.000Z",
      duration_ms: 12,
      response_status: 500,
      error: "http_status",
    };
    const tried = await sluice("deliveries get dlv_1", { api: () => ({ ...delivery(1), attempts: [attempt] }) });
    expect(tried.out).toMatch(/ATTEMPT.*\n1 +2026-01-31T12:00:00.000Z +12 +500 +error response\n$/);
    expect((await sluice("events get nowhere", { api: () => problem(404, "not_found") })).code).toBe(1);
  });

  it("follow new records, each once, oldest first, as JSON lines with --json", async () => {
    let polls = 0;
    const api = () => {
      polls += 1;
      if (polls === 4) return problem(401, "unauthorized");
      return { data: [event(3), event(2), event(1)].slice(3 - polls), next_cursor: null };
    };
    const { out, requests } = await sluice("events --follow --json", { api });
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).toEqual(["evt_1", "evt_2", "evt_3"]);
    expect(requests.map(({ query }) => query["from"])).toEqual(Array(4).fill("2026-01-31T12:00:00.000Z"));
    polls = 0;
    const words = await sluice("events --follow", { api });
    expect(words.out.match(/EVENT/g)).toHaveLength(1);
    // As after a restart of Sluice.
    polls = 0;
    let away = 0;
    const restarted = await sluice("events --follow", {
      api: () => (polls === 1 && away++ < 2 ? new Error("gone") : api()),
    });
    expect(restarted.err).toMatch(
      /^Not connected: Cannot reach Sluice at .*: gone\. Trying again\.\nConnected again\.\nsluice: /,
    );
    expect(restarted.out.match(/evt_/g)).toHaveLength(3);
  });
});

describe("retry and replay", () => {
  it("continue after a refusal, and exit with 1", async () => {
    const api = ({ path }: Seen) =>
      path.includes("dlv_2")
        ? problem(409, "delivery_final", { detail: "It has ended." })
        : delivery(1, { status: "pending" });
    const { code, out, requests } = await sluice("retry dlv_1 dlv_2 dlv_3", { api });
    expect([code, out]).toEqual([1, "dlv_1  pending\ndlv_2  It has ended.\ndlv_3  pending\n"]);
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      [1, 2, 3].map((n) => `POST /deliveries/dlv_${n}/retry`),
    );
    const json = await sluice("retry dlv_1 dlv_2 --json", { api });
    expect(JSON.parse(json.out)).toMatchObject({
      data: [
        { id: "dlv_1", result: { status: "pending" }, problem: null },
        { id: "dlv_2", result: null, problem: { code: "delivery_final" } },
      ],
    });
  });

  it("read ids from standard input, show a progress bar on a terminal, and stop if the token is rejected", async () => {
    const input = Array.from({ length: 12 }, (_, n) => `dlv_${n}`).join("\n");
    const many = await sluice("retry -", { input, tty: true, api: () => delivery(1, { status: "pending" }) });
    expect([many.code, many.requests.length]).toEqual([0, 12]);
    expect(many.err).toContain("retry [##############################] 12/12");
    const plain = await sluice("retry -", { input, api: () => delivery(1) });
    expect(plain.err).toBe("");
    const refused = await sluice("retry -", { input, api: () => problem(401, "unauthorized") });
    expect([refused.code, refused.requests.length]).toEqual([1, 1]);
  });

  it("deliver events again, over one connection with --connection", async () => {
    const { out, requests } = await sluice("replay evt_1 evt_2 --connection link", {
      api: () => ({ data: [delivery(1)] }),
    });
    expect(out).toBe("evt_1  1 delivery\nevt_2  1 delivery\n");
    expect(requests[1]).toMatchObject({ method: "POST", path: "/events/evt_2/replay", body: { connection: "link" } });
  });
});

describe("replay by a filter", () => {
  const plan = {
    dry_run: true,
    matched: 40,
    matched_exact: true,
    rate_per_second: 20,
    estimated_seconds: 2,
    sample: [],
  };
  const run = { id: "rpl_1", status: "running", matched: 40, matched_exact: true, queued: 0, done: 0, failed: 0 };
  const api = ({ body, method }: Seen) =>
    method === "POST" && (body as { dry_run?: boolean } | null)?.dry_run === true ? plan : run;
  const words = "replay --status dead --destination orders --from 2h --rate 20";

  it("shows how many match, then asks and starts", async () => {
    const dry = await sluice(`${words} --dry-run`, { api });
    expect([dry.code, dry.out]).toEqual([0, "40 deliveries at 20 per second, about 2 s.\n"]);
    const filter = {
      status: "dead",
      destination: "orders",
      from: "2026-01-31T10:00:00.000Z",
      rate_per_second: 20,
    };
    expect(dry.requests.map(({ path, body }) => [path, body])).toEqual([["/replays", { ...filter, dry_run: true }]]);
    const alone = await sluice(words, { api });
    expect([alone.code, alone.requests]).toEqual([2, []]);
    const no = await sluice(words, { api, tty: true, answer: "n" });
    expect([no.code, no.requests.length]).toEqual([1, 1]);
    const yes = await sluice(words, { api, tty: true, answer: "y" });
    expect([yes.code, yes.requests.length, yes.requests[1]?.body]).toEqual([0, 2, filter]);
    expect((await sluice(`${words} --yes`, { api })).out).toBe(
      "rpl_1 running: 0 of 40 queued, 0 delivered, 0 failed.\n",
    );
  });

  it("accepts a slow pace and a single connection, and says if the count is a lower bound", async () => {
    const some = { ...plan, matched_exact: false, rate_per_second: 0.5 };
    const { out, requests } = await sluice("replay --connection link --type a.b --rate 0.5 --dry-run", {
      api: () => some,
    });
    expect(requests[0]?.body).toEqual({ connection: "link", type: "a.b", rate_per_second: 0.5, dry_run: true });
    expect(out).toBe("at least 40 deliveries at 0.5 per second, about 2 s.\n");
    const json = await sluice("replay --connection link --dry-run --json", { api: () => some });
    expect(JSON.parse(json.out)).toEqual(some);
  });

  it("completes its progress bar if some matches were retried elsewhere", async () => {
    const states = [{ ...run, queued: 30, done: 30, status: "done" }];
    const { err, code } = await sluice(`${words} --yes --wait`, {
      tty: true,
      api: (request) => (request.method === "GET" ? states.shift() : api(request)),
    });
    expect([code, err]).toEqual([0, expect.stringContaining("replay [##############################] 30/30")]);
  });

  it("waits with a progress bar, and exits with 1 if some failed or it was cancelled", async () => {
    const ending = (last: object) => {
      const states = [
        { ...run, queued: 20, done: 20 },
        { ...run, queued: 40, done: 20, failed: 10 },
        { ...run, queued: 40, ...last },
      ];
      return (request: Seen) => (request.method === "GET" ? states.shift() : api(request));
    };
    const done = await sluice(`${words} --yes --wait`, { tty: true, api: ending({ status: "done", done: 40 }) });
    expect([done.code, done.requests.length]).toEqual([0, 5]);
    const ends = ending({ status: "done", done: 40 });
    let asked = 0;
    const interrupted = (request: Seen) =>
      request.method === "GET" && asked++ < 3 ? new Error("network gone") : ends(request);
    expect((await sluice(`${words} --yes --wait`, { api: interrupted })).code).toBe(0);
    expect(done.err).toContain("replay [###############---------------] 20/40");
    expect(done.err).toContain("30/40 10 failed");
    const failed = await sluice(`${words} --yes --wait --json`, {
      api: ending({ status: "done", done: 30, failed: 10 }),
    });
    expect([failed.code, JSON.parse(failed.out)]).toMatchObject([1, { status: "done", failed: 10 }]);
    expect((await sluice(`${words} --yes --wait`, { api: ending({ status: "cancelled" }) })).code).toBe(1);
  });

  it("shows a replay, and cancels it", async () => {
    const shown = await sluice("replay rpl_1", { api });
    expect([shown.code, shown.requests[0]?.path]).toEqual([0, "/replays/rpl_1"]);
    const stopped = await sluice("replay rpl_1 --cancel", { api: () => ({ ...run, status: "cancelled" }) });
    expect([stopped.out, stopped.requests[0]?.path]).toEqual([
      "rpl_1 cancelled: 0 of 40 queued, 0 delivered, 0 failed.\n",
      "/replays/rpl_1/cancel",
    ]);
  });
});

describe("status", () => {
  const health = (slug: string, more: object = {}) => ({
    slug,
    health: "healthy",
    health_reasons: [],
    paused_until: null,
    backlog: { pending: 2, retrying: 1 },
    oldest_waiting: { created_at: "2026-01-31T11:00:00.000Z" },
    last_error: null,
    ...more,
  });
  const refusing = {
    slug: "shop",
    health: "refuses_all",
    health_reasons: ["refuses_all"],
    last_day: { accepted: 0, refused: 7 },
  };
  const queues = {
    queues: [{ name: "events", backlog_count: 3, backlog_bytes: 4_200, oldest_message_at: null }],
    database: { size_bytes: 1_234_567, max_bytes: 10_000_000_000 },
  };
  const api =
    (all: Record<string, object>, sources: readonly object[] = []) =>
    ({ path }: Seen) =>
      path === "/queues"
        ? queues
        : path === "/sources"
          ? { data: sources, next_cursor: null }
          : path === "/destinations"
            ? { data: Object.keys(all).map((id) => ({ id })), next_cursor: null }
            : all[path.split("/")[2] ?? ""];

  it("shows the queues and the destinations with problems, with their problems", async () => {
    const all = {
      a: health("fine"),
      b: health("slow", {
        health: "paused",
        health_reasons: ["retry_after", "slow", "reduced_pace", "paused"],
        paused_until: "2026-01-31T13:00:00.000Z",
      }),
      c: health("broken", {
        health: "circuit_open",
        health_reasons: ["circuit_open", "failing", "dead_letters"],
        backlog: { dead: 4, held: 1 },
        last_error: "attempts_exhausted: timeout",
      }),
      e: health("asked", {
        health: "retry_after",
        health_reasons: ["retry_after", "slow"],
        paused_until: "2026-01-31T13:00:00.000Z",
      }),
      d: health("new", { health: "never_used", backlog: {} }),
    };
    const { code, out } = await sluice("status", { api: api(all, [refusing]) });
    expect(code).toBe(0);
    expect(out).toContain("events  3         4.2 KB  -\n\nDatabase: 1.23 MB of 10 GB.\n");
    expect(out).toMatch(/shop +0 +7 +refuses everything\n/);
    expect(out).toMatch(
      /broken +1 +2026-01-31T11:00:00.000Z +circuit open, failing, 4 dead letters +all attempts failed: timeout\n/,
    );
    expect(out).toMatch(/asked +3 +\S+ +Retry-After until 2026-01-31T13:00:00.000Z, slow +-\n/);
    expect(out).toMatch(/slow +3 +\S+ +paused +-\n/);
    expect(out.indexOf("broken")).toBeLessThan(out.indexOf("slow "));
    expect(out).not.toContain("fine");
    expect((await sluice("status --all", { api: api(all) })).out).toMatch(/fine +3 .* healthy[^]*new +0 .* never used/);
    expect((await sluice("status --exit-code", { api: api(all) })).code).toBe(3);
    const json = await sluice("status --json", { api: api(all) });
    expect(JSON.parse(json.out)).toMatchObject({
      database: queues.database,
      destinations: [
        { slug: "broken" },
        { slug: "asked" },
        { slug: "slow" },
        { slug: "fine", troubles: [] },
        { slug: "new" },
      ],
    });
  });

  it("says so if there are no problems", async () => {
    const { code, out } = await sluice("status --exit-code", { api: api({ a: health("fine") }) });
    expect([code, out]).toEqual([0, expect.stringContaining("1 destination, no problems.")]);
    expect((await sluice("status --exit-code", { api: api({ a: health("fine") }, [refusing]) })).code).toBe(3);
  });
});
