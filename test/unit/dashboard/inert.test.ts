import { describe, expect, it } from "vitest";
import { Inert, pieces } from "../../../src/dashboard/components/inert.tsx";
import { percent, short } from "../../../src/dashboard/components/number.ts";
import { span } from "../../../src/dashboard/components/time.tsx";

// On the server, JSX is a string.
const shown = (text: string, max = 2_000): string =>
  (Inert({ text, max }) as unknown as { toString(): string }).toString();

describe("text from outside", () => {
  it("is escaped", () => {
    expect(shown(`<script>alert(1)</script><a href="x" onclick='y'>&amp;`)).toBe(
      "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;amp;</bdi>",
    );
  });

  it("shows invisible characters as code points", () => {
    const unseen = [
      "\u0000",
      "\u001b",
      "\u007f",
      "\u0085",
      "\u00ad",
      "\u200b",
      "\u202e",
      "\u2066",
      "\ufeff",
      "\u{e0041}",
      "\ud800",
    ];
    for (const character of unseen) {
      expect(pieces(`a${character}b`).map(({ unseen }) => unseen)).toEqual([false, true, false]);
      expect(shown(`a${character}b`)).not.toContain(character);
    }
    expect(shown("a\u202eb")).toContain("U+202E");
  });

  it("leaves readable text unchanged: other scripts, emoji, tabs, line breaks", () => {
    for (const text of ["שלום", "日本語", "naïve", "👍🏽", "a\tb\nc"])
      expect(pieces(text)).toEqual([{ text, unseen: false }]);
  });

  it("is cut at its limit, with the number of missing characters", () => {
    expect(shown("x".repeat(50), 10)).toContain("40 more characters");
  });
});

describe("numbers", () => {
  it("never round a success rate up to 100 percent", () => {
    expect([percent(1), percent(0.99999), percent(0.5), percent(0), percent(null)]).toEqual([
      "100 %",
      "99.99 %",
      "50 %",
      "0 %",
      "–",
    ]);
  });

  it("have a short form", () => {
    expect([short(999), short(9_999), short(12_345), short(4_560_000)]).toEqual(["999", "9,999", "12.3k", "4.56M"]);
    expect([span(0), span(850), span(1_240), span(180_000), span(9_000_000), span(400_000_000)]).toEqual([
      "0 ms",
      "850 ms",
      "1.2 s",
      "3 min",
      "2.5 h",
      "4.6 d",
    ]);
  });
});
