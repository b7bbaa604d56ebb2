// Forms in filters and transforms: fields that are JSON, multipart forms.
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import type { SluiceEvent } from "../../../src/model/event.ts";
import {
  applyTransform,
  compileFilter,
  compileTransform,
  failedClause,
  requestViews,
} from "../../../src/routing/index.ts";

const FORM = "application/x-www-form-urlencoded";

/** The clause that a request fails; null if it meets the filter. */
function clause(filter: object, body: string, type = FORM, query = ""): string | null {
  const compiled = compileFilter(filter);
  if (!compiled.ok) throw new Error(compiled.error.detail);
  return failedClause(compiled.value, requestViews({ headers: [["content-type", type]], path: "", query }, utf8(body)));
}
const form = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();
const PAYLOAD = JSON.stringify({
  type: "x",
  user: { id: 7, long: 1 },
  actions: [{ id: "a" }, { id: "b" }],
  none: null,
});

/** An empty list and a comma, encoded only as far as the count of a body's braces must not see it. */
const LIST = "%5B],";

describe("a form field with JSON", () => {
  it.each([
    { payload: { type: "x" } },
    { "payload.type": "x" },
    { "payload.user.id": 7 },
    { payload: { user: { id: { $gte: 7 } } } },
    { payload: { actions: { id: "b" } } },
    { "payload.actions.$.id": "b" },
    { "payload.actions.1.id": "b" },
    { payload: { $or: [{ type: "y" }, { type: "x" }] } },
    { payload: { $not: { type: "y" } } },
    { payload: { missing: { $exist: false } } },
    { payload: PAYLOAD },
    { payload: { $startsWith: "{" } },
    { payload: { $startsWith: "{", type: "x" } },
    { other: "1", payload: { type: "x" } },
  ])("meets %j", (filter) => expect(clause({ body: filter }, form({ payload: PAYLOAD, other: "1" }))).toBeNull());

  it.each([
    [{ payload: { type: "y" } }, 'body.payload.type: expected "y", got "x"'],
    // Inside, types are those of JSON.
    [{ payload: { user: { id: "7" } } }, 'body.payload.user.id: expected "7", got 7'],
    [{ payload: { $not: { type: "x" } } }, "body.payload: expected $not as described"],
    [{ "payload.user.id": 8 }, "body.payload.user.id: expected 8, got 7"],
  ])("fails %j, and the event says why", (filter, why) =>
    expect(clause({ body: filter }, form({ payload: PAYLOAD }))).toContain(why),
  );

  it("may be a list", () => {
    const body = form({ mandrill_events: '[{"event":"send"},{"event":"open"}]' });
    expect(clause({ body: { mandrill_events: { event: "open" } } }, body)).toBeNull();
    expect(clause({ body: { "mandrill_events.0.event": "send" } }, body)).toBeNull();
    expect(clause({ body: { "mandrill_events.0.event": "open" } }, body)).not.toBeNull();
  });

  it.each([
    ["broken", "{broken"],
    ["text", "text"],
    ["empty", ""],
    ["a number", "7"],
    ["a string", '"{}"'],
    ["too deep", "[".repeat(5_000)],
  ])("that is %s stays a text", (_what, payload) => {
    expect(clause({ body: { payload: { type: "x" } } }, form({ payload }))).not.toBeNull();
    expect(clause({ body: { payload } }, form({ payload }))).toBeNull();
  });

  it("is read in a query and in headers too, and not in JSON", () => {
    expect(clause({ query: { data: { a: 1 } } }, "", FORM, `?data=${encodeURIComponent('{"a":1}')}`)).toBeNull();
    expect(clause({ body: { data: { a: 1 } } }, '{"data":"{\\"a\\":1}"}', "application/json")).not.toBeNull();
  });

  it("with more objects and arrays than are read does not match, and the event says so", () => {
    const clauseFor = (count: number) =>
      clause({ body: { payload: { a: 1 } } }, `payload=%5B${LIST.repeat(count)}{"a":1}]`);
    expect(clauseFor(1_000)).toBeNull();
    expect(clauseFor(180_000)).toBe("the event is too large or too deeply nested for this filter");
  });
});

describe("a multipart form", () => {
  const TYPE = 'multipart/form-data; boundary="b"';
  const part = (head: string, value: string): string =>
    `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`;
  const parts =
    part('name="event"', "paid") +
    part('name="tag"', "a") +
    part('name="tag"', "b") +
    part('name="payload"', PAYLOAD) +
    part('name="file"; filename="f.txt"', "in a file");
  const body = `${parts}--b--\r\n`;

  it.each([{ event: "paid", tag: "b" }, { payload: { type: "x" } }, { file: { $exist: false } }])(
    "meets %j like any other form",
    (filter) => expect(clause({ body: filter }, body, TYPE)).toBeNull(),
  );

  it("that is cut off is a text", () => {
    expect(clause({ body: { event: "paid" } }, parts, TYPE)).not.toBeNull();
    expect(clause({ body: { $in: "in a file" } }, parts, TYPE)).toBeNull();
  });

  it("with more than 5,000 fields is a text", () => {
    const many = `${part('name="a"', "1").repeat(5_001)}--b--\r\n`;
    expect(clause({ body: { a: "1" } }, many, TYPE)).not.toBeNull();
  });
});

describe("$json in transforms", () => {
  function run(expression: string, body: string): string {
    const compiled = compileTransform({ body: expression });
    if (!compiled.ok) throw new Error(compiled.error.detail);
    const event = {
      id: "evt_1",
      received_at: 0,
      method: "POST",
      path: "",
      query: "",
      headers: [["content-type", FORM]],
    };
    const result = applyTransform(compiled.value, event as unknown as SluiceEvent, utf8(body), null, {
      now: 0,
      random: () => 0,
    });
    if (!result.ok) return result.error;
    return result.value.event.body.kind === "inline" ? new TextDecoder().decode(result.value.event.body.bytes) : "";
  }
  const body = form({ payload: PAYLOAD, list: '[{"a":1},{"a":12345678901234567890}]', bad: "{" });

  it.each([
    ["$json(payload).user.id", "7"],
    ["$json(payload).actions[1]", '{"id":"b"}'],
    ["$json(list).a", "[1,12345678901234567890]"],
    ["$json(list)[0]", '{"a":1}'],
    ["payload ~> $json", PAYLOAD],
    ['$json("7") + 1', "8"],
    ["[missing ~> $json]", "[]"],
    ["$json(bad)", "body: $json: the text is not JSON"],
    ["$json(7)", "body: argument 1 of $json must be a string"],
  ])("%s gives %s", (expression, result) => expect(run(expression, body)).toContain(result));

  it("is bounded", () => {
    const large = `payload=%5B${LIST.repeat(150_000)}1]`;
    expect(run("$count($json(payload))", large)).toMatch(/it makes more than \d+ bytes of values/);
  });
});
