// The examples of consumers: one for each broker and language, and those in JavaScript at least parse.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stripTypeScriptTypes } from "node:module";
import { describe, expect, it } from "vitest";
import { DESTINATION_TYPES, isBroker, type Destination } from "../../../src/model/destination.ts";

const BROKERS = DESTINATION_TYPES.filter((type) => isBroker({ type } as Destination));

const text = readFileSync(join(import.meta.dirname, "../../../docs/brokers.md"), "utf8");
const [, consumers = ""] = text.split("\n## Consumers\n");
const chapters = consumers.split("\n### ").slice(1);

describe("docs/brokers.md", () => {
  it("has a chapter of consumers for each broker, in three languages", () => {
    expect(chapters).toHaveLength(BROKERS.length);
    for (const chapter of chapters)
      expect([...chapter.matchAll(/^```(\w+)$/gm)].map(([, language]) => language)).toEqual(["js", "php", "python"]);
  });

  it.each(chapters)("has JavaScript that parses: %s", (chapter) => {
    const code = /^```js\n([^]*?)^```$/m.exec(chapter)?.[1] ?? "";
    expect(() => stripTypeScriptTypes(code)).not.toThrow();
  });

  it("names every type in its table", () => {
    for (const type of BROKERS) expect(text).toContain(`| \`${type}\``);
  });
});
