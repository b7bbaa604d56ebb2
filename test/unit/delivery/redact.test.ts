import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { redactAnswer } from "../../../src/delivery/attempt/redact.ts";

const answer = (excerpt: string, headers: Record<string, string> = {}) => ({
  status: 400,
  headers,
  error: "http_status" as const,
  excerpt,
  durationMs: 1,
});

describe("credentials in a destination's answer", () => {
  it.each([
    ['{"authorization":"Bearer top-secret"}', '{"authorization":"Bearer [redacted]"}'],
    ["top-secret and top-secret", "[redacted] and [redacted]"],
    ['quoted \\"secret', "[redacted]"],
    ["cut off: top-sec", "cut off: [redacted]"],
    ["harmless: top", "harmless: top"],
  ])("are taken out of %s [G8]", (text, expected) => {
    const { excerpt, headers } = redactAnswer(answer(text, { "x-echo": text }), [
      "top-secret",
      'quoted "secret',
      "top",
    ]);
    expect([excerpt, headers?.["x-echo"]]).toEqual([expected, expected]);
  });

  it("leave an answer unchanged if there are none", () => {
    const plain = answer("text");
    expect(redactAnswer(plain, [])).toBe(plain);
    expect(redactAnswer({ ...plain, excerpt: null, headers: null }, ["secret"])).toMatchObject({
      excerpt: null,
      headers: null,
    });
  });

  it("are removed from the bytes kept for a callback, text or not [G8]", () => {
    const bytes = utf8;
    const body = new Uint8Array([0, 255, ...bytes("you sent gehéim-1 and gehé")]);
    const redacted = redactAnswer({ status: 200, headers: null, error: null, excerpt: "", durationMs: 1, body }, [
      "gehéim-1",
    ]);
    expect([...(redacted.body ?? [])]).toEqual([0, 255, ...bytes("you sent [redacted] and [redacted]")]);
  });
});
