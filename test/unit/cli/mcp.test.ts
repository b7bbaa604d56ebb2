import { describe, expect, it } from "vitest";
import { Client, type Delivery, type Health } from "../../../cli/client.ts";
import { answerText, safeHeaders, safeUrl } from "../../../cli/mcp/bounded.ts";
import { TOOLS } from "../../../cli/mcp/server.ts";
import { nextStep } from "../../../cli/mcp/tools/explain.ts";
import { ofSluice } from "./harness.ts";

const NOW = Date.UTC(2026, 0, 31, 12);
const delivery = {
  ...{ id: "dlv_1", event_id: "evt_1", source_slug: "shop", destination: "dst_1", destination_slug: "orders" },
  ...{ status: "dead", attempts_made: 1, deferred_by: null, next_attempt_at: null, connection_id: "con_1" },
};
const attempt = {
  number: 1,
  response_status: 500,
  response_headers: { "set-cookie": "planted-a" },
  response_body: "no",
};

/** @param answers by path; others are empty lists */
async function call(name: string, input: object, answers: Readonly<Record<string, unknown>> = {}) {
  const requests: { readonly line: string; readonly body: unknown }[] = [];
  const client = new Client({ origin: "https://sluice.test", token: "t" }, async (url, init) => {
    const { method, path, body } = {
      method: init?.method ?? "GET",
      path: new URL(typeof url === "string" ? url : "").pathname.replace("/api/v1", ""),
      body: typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : null,
    };
    requests.push({ line: `${method} ${path}`, body });
    const answer = answers[path] ?? { data: [], next_cursor: null };
    return answer instanceof Response ? answer : ofSluice(answer);
  });
  const tool = TOOLS.find((one) => one.name === name);
  const answer = await tool?.run({ client, now: () => NOW }, tool.input.parse(input));
  return { answer, requests };
}

const INPUTS: Readonly<Record<string, object>> = {
  get_event: { id: "evt_1" },
  explain_delivery: { id: "dlv_1" },
  get_destination_health: { destination: "orders" },
  preview_connection: { connection: "shop-orders", filter: null },
  preview_filter: { filter: {}, event_id: "evt_1" },
  preview_transform: { transform: {}, event_id: "evt_1" },
  plan_redrive: { status: "dead" },
  get_redrive: { id: "rpl_1" },
};
const ANSWERS = {
  "/events/evt_1": { id: "evt_1", headers: [], deliveries: [], ignored_by: [], body_bytes: 0 },
  "/deliveries/dlv_1": { ...delivery, attempts: [attempt] },
  "/destinations/dst_1": { slug: "orders", type: "http", url: "https://u:planted-b@api.test/x?k=planted-c" },
  "/destinations/dst_1/health": { paused: false, backlog: { dead: 4 } },
  "/transforms/test": { url: null, headers: null },
  "/replays": { matched: 1, sample: [] },
};

describe("the tools of sluice mcp", () => {
  it("read only, unless they are marked as writing", async () => {
    const dry = /^POST \/((filters|transforms)\/test|connections\/shop-orders\/preview)$/;
    for (const { name, writes } of TOOLS) {
      if (writes) continue;
      const { requests } = await call(name, INPUTS[name] ?? {}, ANSWERS);
      expect(requests).not.toEqual([]);
      for (const { line, body } of requests)
        if (!line.startsWith("GET ") && !dry.test(line))
          expect([name, line, body]).toEqual(["plan_redrive", "POST /replays", { status: "dead", dry_run: true }]);
    }
    expect(TOOLS.filter(({ writes }) => writes).map(({ name }) => name)).toEqual([
      "redrive",
      "retry_delivery",
      "replay_event",
    ]);
  });

  it("refuse what they do not know, instead of ignoring it", () => {
    for (const { input } of TOOLS) expect(input.safeParse({ colour: "red" }).success).toBe(false);
  });

  it("preview a connection that there is, or one that is not made yet", async () => {
    const made = {
      source: "shop",
      destination: "orders",
      filter: { body: { type: "paid" } },
      missing_matches_not: false,
    };
    const { requests } = await call("preview_connection", made);
    expect(requests).toEqual([{ line: "POST /connections/preview", body: { ...made, events: 100 } }]);
    for (const input of [{ filter: null }, { connection: "a", source: "b" }])
      await expect(call("preview_connection", input)).rejects.toThrow("give either a connection, or the source");
  });

  it("explain a delivery with all that is known of it, and without credentials [G8]", async () => {
    const { answer } = await call(
      "explain_delivery",
      { id: "dlv_1" },
      {
        ...ANSWERS,
        "/events/evt_1": {
          ...{ id: "evt_1", source_slug: "shop", deliveries: [], ignored_by: [], body_bytes: 5 },
          headers: [
            ["authorization", "planted-d"],
            ["x-trace", "7"],
          ],
        },
        "/events/evt_1/body": ofSluice("hello"),
        "/deliveries/dlv_1/request": {
          attempt: 1,
          request: { url: "https://api.test/x?k=planted-e", headers: [["x-api-key", "planted-f"]], body_text: "hi" },
        },
      },
    );
    expect(answer).toMatchObject({
      next: expect.stringContaining("given up"),
      attempts: [{ response_status: 500, response_body: "no" }],
      received: { headers: { "x-trace": "7" }, body: "hello" },
      sent: { request: { url: "https://api.test/x?…", headers: { "x-api-key": "(hidden)" }, body_text: "hi" } },
      destination: { url: "https://api.test/x?…" },
      health: { waiting: { dead: 4 } },
    });
    expect(JSON.stringify(answer)).not.toContain("planted");
  });

  it("explain what is left when event and destination are gone", async () => {
    const gone = () => Response.json({ code: "not_found" }, { status: 404 });
    const { answer } = await call(
      "explain_delivery",
      { id: "dlv_1" },
      {
        "/deliveries/dlv_1": ANSWERS["/deliveries/dlv_1"],
        "/events/evt_1": gone(),
        "/events/evt_1/body": gone(),
        "/destinations/dst_1": gone(),
        "/destinations/dst_1/health": gone(),
        "/deliveries/dlv_1/request": gone(),
      },
    );
    expect(answer).toMatchObject({
      received: null,
      sent: null,
      destination: null,
      health: null,
    });
  });

  it.each([
    [{ status: "delivered" }, {}, "Nothing: it is delivered."],
    [{ status: "held" }, { paused: true }, "Nothing until the destination is resumed: it is paused."],
    [{ status: "held" }, { paused: false }, "Nothing until the connection is resumed: it is paused."],
    [
      { status: "retrying", next_attempt_at: "2026-01-31T12:00:30.000Z" },
      {},
      "Attempted at 2026-01-31T12:00:30.000Z (in 30 s).",
    ],
    [
      { status: "deferred", deferred_by: "pace", next_attempt_at: "2026-01-31T12:00:03.000Z" },
      {},
      "(in 3 s). It waits because of the destination's rate limit",
    ],
    [{ status: "deferred", deferred_by: "circuit", next_attempt_at: null }, {}, "once the circuit lets it through"],
  ])("say what happens next: %j", (state, health, words) => {
    expect(nextStep({ ...delivery, ...state } as Delivery, health as Health, NOW)).toContain(words);
  });
});

describe("an answer", () => {
  it("is bounded, whatever it holds, and says what was cut", () => {
    expect(answerText({ a: "x".repeat(5_000) })).toMatch(/x… \(1000 more characters\)"\}$/);
    expect(answerText(Array.from({ length: 300 }, (_, n) => n))).toContain("(100 more)");
    const deep: unknown = Array.from({ length: 20 }).reduce((inner) => ({ inner }), "end");
    expect(answerText(deep)).not.toContain("end");
    const huge = Array.from({ length: 200 }, () => ({ body: "x".repeat(10_000), more: "y".repeat(10_000) }));
    expect(answerText(huge).length).toBeLessThan(41_000);
  });

  it("hides credentials in headers and URLs [G8]", () => {
    const headers = {
      ...{ Authorization: "a", cookie: "b", "x-api-key": "c", "stripe-signature": "d", "x-shop-token": "e" },
      ...{ "shop-key": "f", "content-type": "text/plain", "x-request-id": "1", "idempotency-key": "2" },
    };
    const shown = safeHeaders(headers);
    expect(Object.values(shown).filter((value) => value === "(hidden)")).toHaveLength(6);
    expect(shown).toMatchObject({ "content-type": "text/plain", "x-request-id": "1", "idempotency-key": "2" });
    expect(safeUrl("https://u:p@x.test/a?key=1")).toBe("https://x.test/a?…");
    expect(safeUrl("no url")).toBe("(hidden)");
  });
});
