import { describe, expect, it } from "vitest";
import { MAX_BATCH_ANSWER_BYTES, MAX_BATCH_EXCERPT_BYTES } from "../../../src/config/limits.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { splitAnswers } from "../../../src/delivery/batch/answers.ts";
import type { Answer } from "../../../src/outbound/types.ts";
import type { Job } from "../../../src/delivery/types.ts";

const job = (event: string, delivery = `dlv_${event}`) => ({ event: { id: event }, delivery: { id: delivery } }) as Job;
const answer = (status: number, body: string, more: Partial<Answer> = {}): Answer => ({
  status,
  headers: { "retry-after": "5" },
  error: status < 300 ? null : "http_status",
  excerpt: body.slice(0, 4_096),
  durationMs: 10,
  body: utf8(body),
  ...more,
});
const told = (results: unknown): string => JSON.stringify({ results });
const ends = (answers: readonly Answer[]) => answers.map(({ status, error }) => [status, error]);

describe("an answer to a batch", () => {
  it("applies to all of them unless it is a 207", () => {
    const jobs = [job("a"), job("b")];
    for (const status of [200, 202, 410, 500])
      expect(ends(splitAnswers(answer(status, told([{ id: "a", status: 500 }])), jobs))).toEqual(
        jobs.map(() => [status, status < 300 ? null : "http_status"]),
      );
  });

  it("is split in a 207, by the event's id or the delivery's", () => {
    const results = [
      { id: "dlv_c", status: 404 },
      { id: "a", status: "204" },
      { id: "b", status: 503 },
    ];
    const found = splitAnswers(answer(207, told(results)), [job("a"), job("b"), job("c"), job("d")]);
    expect(ends(found)).toEqual([
      [204, null],
      [503, "http_status"],
      [404, "http_status"],
      [207, "no_result"],
    ]);
    expect(found[1]?.excerpt).toBe('{"id":"b","status":503}');
    expect(found[1]?.headers).toEqual({ "retry-after": "5" });
  });

  it("is read in spite of a byte order mark", () => {
    const body = `\uFEFF${told([{ id: "a", status: 404 }])}`;
    expect(ends(splitAnswers(answer(207, body), [job("a")]))).toEqual([[404, "http_status"]]);
  });

  it("names an event that came over two connections once for both or once for each", () => {
    const jobs = [job("a", "dlv_a1"), job("a", "dlv_a2")];
    expect(ends(splitAnswers(answer(207, told([{ id: "a", status: 500 }])), jobs))).toEqual([
      [500, "http_status"],
      [500, "http_status"],
    ]);
    const each = told([
      { id: "a", status: 200 },
      { id: "a", status: 500 },
    ]);
    expect(ends(splitAnswers(answer(207, each), jobs))).toEqual([
      [200, null],
      [500, "http_status"],
    ]);
  });

  it.each([
    ["no JSON", "<multistatus/>", [207, null]],
    ["no list", '{"results": {"a": 200}}', [207, null]],
    ["null", "null", [207, null]],
    ["nothing", "", [207, null]],
    [
      "results of no use",
      '{"results": [null, 3, {"id": "a"}, {"id": "a", "status": 99}, {"id": 1, "status": 200}]}',
      [207, "no_result"],
    ],
    [
      "a list that is cut off",
      `{"results": [${" ".repeat(MAX_BATCH_ANSWER_BYTES)}`.slice(0, MAX_BATCH_ANSWER_BYTES),
      [207, "no_result"],
    ],
  ])("with status 207 and %s", (_name, body, end) => {
    expect(ends(splitAnswers(answer(207, body), [job("a")]))).toEqual([end]);
  });

  it("gives no results if it is cut off", () => {
    const broken = answer(207, told([{ id: "a", status: 200 }]), { error: "reset" });
    expect(ends(splitAnswers(broken, [job("a")]))).toEqual([[207, "reset"]]);
  });

  it("is stored by a thousand deliveries within the limit of one write", () => {
    const headers = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`x-${index}`, "h".repeat(500)]));
    const kept = splitAnswers(
      answer(500, "e".repeat(4_096), { headers: { "retry-after": "5", ...headers } }),
      Array.from({ length: 1_000 }, (_, index) => job(`e${index}`)),
    );
    const size = kept.reduce((sum, one) => sum + JSON.stringify([one.excerpt, one.headers]).length, 0);
    expect(size).toBeLessThan(3 * MAX_BATCH_EXCERPT_BYTES);
    expect(kept[0]?.headers).toHaveProperty("retry-after");
    expect(kept[0]).not.toHaveProperty("body");
    expect(splitAnswers(answer(500, "e".repeat(4_096)), [job("a")])[0]?.excerpt).toHaveLength(4_096);
  });
});
