// What transforms make of a request, and that no expression can run away.
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { decodeUtf8, utf8 } from "../../../src/kernel/bytes.ts";
import { headerValue, type SluiceEvent } from "../../../src/model/event.ts";
import type { EventId } from "../../../src/model/ids.ts";
import { transformSchema } from "../../../src/model/transform.ts";
import { compileExpression } from "../../../src/routing/expression/index.ts";
import { applyTransform, compileTransform } from "../../../src/routing/transform.ts";

const eventOf = (
  change: Partial<SluiceEvent> = {},
  body = '{"order":{"id":"A/1","total":5},"items":[{"sku":"a","n":1},{"sku":"b","n":2}]}',
): SluiceEvent => ({
  id: "evt_1" as EventId,
  source_id: null,
  received_at: Date.UTC(2026, 10, 24),
  method: "POST",
  path: "/in",
  query: "?a=1&b=%20x&a=2",
  headers: [
    ["content-type", "application/json"],
    ["X-Old", "1"],
    ["x-drop", "2"],
  ],
  body: { kind: "inline", bytes: utf8(body) },
  body_bytes: body.length,
  verified: true,
  ...change,
});

async function transform(spec: object, event = eventOf()) {
  const compiled = compileTransform(transformSchema.parse(spec));
  if (!compiled.ok) throw new Error(`${compiled.error.pointer} ${compiled.error.detail}`);
  const body = event.body.kind === "inline" ? event.body.bytes : "missing";
  return applyTransform(compiled.value, event, body, "shop", { now: Date.UTC(2026, 10, 28), random: () => 0.5 });
}
async function changed(spec: object, event?: SluiceEvent): Promise<SluiceEvent> {
  const result = await transform(spec, event);
  if (!result.ok) throw new Error(result.error);
  return result.value.event;
}
const bodyText = (event: SluiceEvent): string | null =>
  event.body.kind === "inline" ? decodeUtf8(event.body.bytes) : null;
async function make(expression: string, body?: string): Promise<string | null> {
  const result = await transform({ body: expression }, eventOf({}, body));
  return result.ok ? bodyText(result.value.event) : `failed: ${result.error}`;
}

describe("headers", () => {
  it("are removed, renamed and set, whatever the case of their names", async () => {
    const { headers } = await changed({
      headers: {
        remove: ["X-Drop"],
        rename: { "x-old": "X-New" },
        set: { "x-order": "{{ body.order.id }}", "X-Source": "{{source}}" },
      },
    });
    expect(headers).toEqual([
      ["content-type", "application/json"],
      ["X-New", "1"],
      ["x-order", "A/1"],
      ["X-Source", "shop"],
    ]);
  });

  it("and the body can hold the type of the event", async () => {
    const spec = { headers: { set: { "x-type": "{{event.type}}" } }, body: '{ "type": $event.type }' };
    const typed = await changed(spec, eventOf({ event_type: "order.paid" }));
    expect(headerValue(typed.headers, "x-type")).toBe("order.paid");
    expect(bodyText(typed)).toBe('{"type":"order.paid"}');
    expect(await transform({ body: '{ "type": $event.type }' })).toMatchObject({ ok: true });
    expect(await transform(spec)).toMatchObject({ ok: false });
  });

  it("cannot be broken out of by what the event says", async () => {
    const event = eventOf({}, JSON.stringify({ v: "a\r\nx-evil: 1" }));
    expect(await transform({ headers: { set: { "x-v": "{{body.v}}" } } }, event)).toMatchObject({
      ok: false,
      error: "headers.x-v: the value is not a valid header value",
    });
  });
});

describe("the query", () => {
  it("keeps the exact text of parameters that are not named", async () => {
    expect((await changed({ query: { set: { c: "{{body.order.id}}&" } } })).query).toBe("?a=1&b=%20x&a=2&c=A%2F1&");
    expect((await changed({ query: { remove: ["a"], rename: { b: "b c" } } })).query).toBe("?b%20c=%20x");
    expect((await changed({ query: { set: { a: "3" } } })).query).toBe("?b=%20x&a=3");
    expect((await changed({ query: { remove: ["a", "b"] } })).query).toBe("");
  });
});

describe("method and path", () => {
  it("are written from templates, each value kept in its step", async () => {
    const result = await transform({ method: "PUT", path: "/v2/orders/{{ body.order.id }}/{{ event.id }}{{path}}" });
    expect(result).toMatchObject({
      ok: true,
      value: { method: "PUT", pathSet: true, event: { path: "/v2/orders/A%2F1/evt_1/in" } },
    });
  });

  it.each([
    ["/{{body.none}}", "path: {{body.none}} is missing"],
    ["/{{body.items}}", "path: {{body.items}} is not a single value"],
    ["/{{body.up}}/x", "path: a segment would be . or .."],
  ])("fail for %s with the reason", async (path, reason) => {
    expect(await transform({ path }, eventOf({}, '{"items":[],"up":".."}'))).toEqual({ ok: false, error: reason });
  });
});

describe("the body", () => {
  it("is what the expression makes of it, with the rest of the request as variables", async () => {
    expect(await make('{"id": order.id, "skus": items.sku, "sum": $sum(items.n)}')).toBe(
      '{"id":"A/1","skus":["a","b"],"sum":3}',
    );
    expect(await make("[$headers.`x-old`, $query.b, $path, $method, $event.id, $source, $body.order.total]")).toBe(
      '["1"," x","/in","POST","evt_1","shop",5]',
    );
    expect(await make('$ ~> |order|{"total": total * 2}|')).toContain('"total":10');
  });

  it("stays byte for byte where no expression touches it [G6]", async () => {
    const event = eventOf({}, '{"n": 1.0, "big": 12345678901234567890 }');
    const after = await changed({ headers: { set: { "x-a": "1" } }, path: "/x" }, event);
    expect(after.body).toBe(event.body);
  });

  it("keeps whole numbers beyond 2^53, and fails rather than round one", async () => {
    expect(await make('{"id": id}', '{"id":9007199254740993}')).toBe('{"id":9007199254740993}');
    expect(await make('{"id": id + 1}', '{"id":9007199254740993}')).toMatch(/^failed: body: /);
  });

  it("gets the type application/json, unless it has a JSON type of its own", async () => {
    const form: [string, string][] = [["content-type", "application/x-www-form-urlencoded"]];
    const after = await changed({ body: '{"from": From}' }, eventOf({ headers: form }, "From=%2B1"));
    expect([bodyText(after), headerValue(after.headers, "content-type")]).toEqual([
      '{"from":"+1"}',
      "application/json",
    ]);
    const own: [string, string][] = [["content-type", "application/vnd.x+json"]];
    expect(headerValue((await changed({ body: "1" }, eventOf({ headers: own }))).headers, "content-type")).toBe(
      "application/vnd.x+json",
    );
  });

  it.each([
    ["none", /gives nothing/],
    ['$error("no order")', /no order/],
    ['1 + "a"', /must evaluate to a number/],
    ["function($x){$x}", /holds a function/],
    ["[$sum]", /holds a function/],
  ])("fails for %s with the reason", async (expression, reason) => {
    expect(await make(expression)).toMatch(reason);
  });

  it("fails where it is compressed or has expired", async () => {
    const gzip = eventOf({ headers: [["Content-Encoding", "gzip"]] });
    expect(await transform({ body: "$" }, gzip)).toMatchObject({ ok: false, error: expect.stringContaining("gzip") });
    expect(await transform({ body: "$" }, eventOf({ body: { kind: "r2", key: "k" } }))).toEqual({
      ok: false,
      error: "the body has expired",
    });
  });
});

describe("an expression that would run away", () => {
  const hostile: [string, string?][] = [
    ["[1..10000000]"],
    ["($f := function($n){$f($n + 1)}; $f(0))"],
    ["($f := function($n){1 + $f($n + 1)}; $f(0))"],
    ["$map([1..90000], function($x){$map([1..90000], function($y){$y})})"],
    ["$pad('a', 1000000000)"],
    ["$pad('a', 10000000)"],
    ["$reduce([1..40], function($s){$s & $s}, 'xx')"],
    ["($a := $reduce([1..60], function($a, $i){[$a, $a]}, [1]); $string($a))"],
    ["$reduce([1..60], function($a, $i){{'x': $a, 'y': $a}}, {})"],
    ["$join($map([1..50000], function($i){big}))", JSON.stringify({ big: "x".repeat(400_000) })],
    ["$distinct([1..90000])"],
    ["$replace(text, 'a', text)", JSON.stringify({ text: "a".repeat(100_000) })],
    ["**.**.**.**", JSON.stringify({ a: Array.from({ length: 3_000 }, (_, i) => ({ b: { c: [i] } })) })],
    [
      "big = copy and $map([1..5000], function($i){big = copy})",
      JSON.stringify({ big: Array(100_000).fill(1), copy: Array(100_000).fill(1) }),
    ],
  ];

  it.each(hostile)("%s is stopped", async (expression, body) => {
    const compiled = compileExpression(expression);
    expect(compiled.ok).toBe(true);
    const result = await make(expression, body);
    expect(result).toMatch(/^failed: body: /);
  });

  it("matches regular expressions in linear time", async () => {
    const text = JSON.stringify({ t: `${"a".repeat(20_000)}!` });
    expect(await make("$contains(t, /^(a+)+$/)", text)).toBe("false");
    expect(await make('$replace("x-1-y-22", /([0-9]+)/, "<$1>")')).toBe('"x-<1>-y-<22>"');
    expect(await make('$match("ab12cd3", /[a-z]+([0-9]+)/)[1].groups')).toBe('["3"]');
    expect(await make('$split("a1b22c", /[0-9]+/)')).toBe('["a","b","c"]');
    expect(await make('$contains("ABC", /b/i)')).toBe("true");
  });

  it("reaches neither prototypes nor globals", async () => {
    for (const expression of [
      "constructor",
      "order.constructor.name",
      "__proto__",
      "order.__proto__.x",
      "$constructor",
      "$globalThis",
      "$process",
    ])
      expect(await make(expression)).toBe("failed: body: the expression gives nothing");
    expect(await make('{"__proto__": {"polluted": true}}')).not.toBeNull();
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("never throws, whatever is written or sent in", async () => {
    const words = fc.constantFrom(
      "$",
      "order",
      ".",
      "[",
      "]",
      "(",
      ")",
      "{",
      "}",
      "'a'",
      "1",
      "+",
      "&",
      "$map",
      "$string",
      ",",
      "function($x)",
      "**",
      "/a/",
      "~>",
      ":",
      "|",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 12 }), fc.jsonValue(), async (source, input) => {
        const compiled = compileExpression(source.join(" "));
        if (!compiled.ok) return compiled.error.length > 0;
        return typeof compiled.value.run(input, { bindings: {}, now: 0, random: () => 0 }).ok === "boolean";
      }),
      { numRuns: 500 },
    );
  });
});

describe("a transform that is wrong", () => {
  it.each([
    [{ body: "{" }, "/transform/body"],
    [{ body: "(".repeat(16_000) }, "/transform/body"],
    [{ body: "$contains(a, /(?=x)/)" }, "/transform/body"],
    [{ body: "function($x)<x+x+:x>{$x}" }, "/transform/body"],
    [{ path: "/{{body.id" }, "/transform/path"],
    [{ path: "/{{secrets.x}}" }, "/transform/path"],
    [{ path: "/{{body..x}}" }, "/transform/path"],
    [{ headers: { set: { "x-a": "{{}}" } } }, "/transform/headers/set/x-a"],
    [{ headers: { remove: ["x", "Sluice-Hops"] } }, "/transform/headers/remove/1"],
    [{ headers: { rename: { "x-a": "host" } } }, "/transform/headers/rename/x-a"],
    [{ headers: { set: { "webhook-id": "1" } } }, "/transform/headers/set/webhook-id"],
    [{ query: { set: { "a/b": "}}" } } }, "/transform/query/set/a~1b"],
  ])("%j is refused with its place", (spec, pointer) => {
    const result = compileTransform(transformSchema.parse(spec));
    expect(result.ok ? null : result.error.pointer).toBe(pointer);
  });

  it.each([
    [{ path: "x" }],
    [{ method: "FETCH" }],
    [{ boddy: 1 }],
    [{ body: "x".repeat(17_000) }],
    [{ headers: { set: { "a b": "1" } } }],
    [{ headers: { add: {} } }],
  ])("%j has no such form", (spec) => {
    expect(transformSchema.safeParse(spec).success).toBe(false);
  });
});
