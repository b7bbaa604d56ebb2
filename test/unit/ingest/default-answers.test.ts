// Compares the table of docs/handshakes.md with the default answers that it lists.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { defaultAnswer } from "../../../src/ingest/default-answers.ts";
import { PRESETS } from "../../../src/signing/index.ts";

const text = readFileSync(join(import.meta.dirname, "../../../docs/handshakes.md"), "utf8");
const [, table = ""] = text.split("| response | `verification.type` |\n");

it("docs/handshakes.md lists the status that each provider gets by default, where it is not 202", () => {
  const listed = [...table.matchAll(/^\| (\d{3})[^|]*\| (.*) \|$/gm)].flatMap(([, status, types = ""]) =>
    [...types.matchAll(/`(\w+)`/g)].map(([, type]) => [type, Number(status)]),
  );
  const given = Object.keys(PRESETS)
    .map((type) => [type, defaultAnswer(type).status] as const)
    .filter(([, status]) => status !== 202);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(given));
  expect(listed).toHaveLength(given.length);
});
