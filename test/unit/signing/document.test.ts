// Compares docs/verification.md with the data that it describes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultTolerance } from "../../../src/model/tolerances.ts";
import { verificationSchema } from "../../../src/model/verification.ts";
import { EVENT_TYPE_PLACES, PRESETS } from "../../../src/signing/index.ts";

const text = readFileSync(join(import.meta.dirname, "../../../docs/verification.md"), "utf8");
const cells = (line: string): string[] =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
const section = (title: string): string[] =>
  (text.split(`\n## ${title}\n`)[1] ?? "").split("\n## ")[0]?.split("\n") ?? [];

describe("docs/verification.md", () => {
  it("lists exactly the providers, with their secrets, headers, places of event types and pages", () => {
    const expected = Object.entries(PRESETS)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { docs, secrets, rules }]) => {
        const places = rules.map((rule) =>
          "signature" in rule
            ? `\`${rule.signature.header}${rule.signature.numbered === true ? "1…" : ""}\``
            : rule.scheme === "secret"
              ? `\`${rule.name}\``
              : "the body",
        );
        const types = EVENT_TYPE_PLACES[name as keyof typeof PRESETS].map((place) => {
          if ("member" in place) return "name of a member";
          return "header" in place ? `header \`${place.header}\`` : `\`${place.json}\``;
        });
        const proof = [...new Set(places)].join(", ");
        return [`\`${name}\``, secrets, proof, types.join(", ") || "none", `[page](${docs})`];
      });
    expect(
      section("Providers")
        .filter((line) => line.startsWith("| `"))
        .map((line) => cells(line).slice(0, -1)),
    ).toEqual(expected);
  });

  it("says of every provider when it was confirmed, or that it is not", () => {
    const rows = section("Providers").filter((line) => line.startsWith("| `"));
    const unclear = rows.filter((line) => !/^(20\d\d-\d\d-\d\d\b|not confirmed: )/.test(cells(line).at(-1) ?? ""));
    expect(rows.length).toBe(Object.keys(PRESETS).length);
    expect(unclear).toEqual([]);
  });

  it("gives the default tolerance of every type that has one", () => {
    const documented = section("Tolerances")
      .filter((line) => line.startsWith("| `"))
      .map(cells)
      .flatMap(([types = "", seconds = ""]) =>
        types.split(", ").map((type): [string, number] => [type.replaceAll("`", ""), Number(seconds.replace(",", ""))]),
      );
    const types = [...Object.keys(PRESETS), "hmac", "jwt", "basic", "bearer", "api_key", "none"];
    const expected = types.flatMap((type): [string, number][] => {
      const seconds = defaultTolerance(type);
      return seconds === null ? [] : [[type, seconds]];
    });
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(expected));
  });

  it("explains every field that a verification may have", () => {
    const explained: string[] = text.match(/`([a-z_0-9]+)`/g) ?? [];
    const fields = verificationSchema.options
      .flatMap((option) => Object.keys(option.shape))
      .filter((name) => name !== "type");
    expect(
      [...new Set(fields)].filter((name) => !explained.includes(`\`${name}\``) && !text.includes(`"${name}"`)),
    ).toEqual([]);
  });

  it("gives an example that is accepted", () => {
    const example = /```json\n(\{\n {2}"type": "hmac"[^`]*)```/.exec(text)?.[1] ?? "";
    const given = { ...(JSON.parse(example) as object), secrets: [{ secret: "NAME" }] };
    expect(verificationSchema.parse(given)).toMatchObject({ signed: "v0:{timestamp}:{body}", tolerance_seconds: 300 });
  });
});
