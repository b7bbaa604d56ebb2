// The curl command of an event contains what a sender wrote. A real shell runs it here, with curl replaced by a function that prints its arguments.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { curlCommand } from "../../../src/dashboard/components/curl.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";

const argumentsOf = (command: string): string[] =>
  execFileSync("bash", ["--norc", "-c", `curl() { printf '%s\\0' "$@"; }; ${command}`], {
    env: { ...process.env, LC_ALL: "C.UTF-8" },
    encoding: "utf8",
  })
    .split("\0")
    .slice(0, -1);

const HOSTILE = [
  'it\'s $(touch pwned) `id` "$HOME" \\',
  "=ls ~root !! !$ *?",
  "a[1-100]{b,c}",
  "end of paste\u001b[201~\nrm -rf ~\n",
  "tab\tcarriage\rreturn\u0007bell\u009b31m",
  "\u202egnp.exe\u200b\u{e0041} 日本 é",
];

describe("the curl command of an event", () => {
  it.each(HOSTILE)("passes on what a sender wrote, and runs none of it: %j", (text) => {
    const url = `https://sluice.test/in/shop/${text}`;
    const request = { method: "POST", url, headers: [["x-a", text]] as const };
    const command = curlCommand(request, { bytes: utf8(text), complete: true }, "evt_1");
    expect(argumentsOf(command)).toEqual(["-g", "-X", "POST", url, "-H", `x-a: ${text}`, "--data-raw", text]);
  });

  it.each(HOSTILE)("contains no character that could end the paste or hide it: %j", (text) => {
    const request = { method: "POST", url: "https://sluice.test/in/shop", headers: [["x-a", text]] as const };
    expect(curlCommand(request, { bytes: utf8(text), complete: true }, "evt_1")).not.toMatch(
      // oxlint-disable-next-line no-control-regex -- the characters in question
      /[\0-\x09\x0b-\x1f\x7f-\x9f\p{Cf}]/u,
    );
  });

  it("names the file of a body that is binary or too large for a command line", () => {
    const request = { method: "PUT", url: "https://sluice.test/in/shop", headers: [] };
    for (const bytes of [new Uint8Array([0, 1]), utf8("x".repeat(10_000))])
      expect(argumentsOf(curlCommand(request, { bytes, complete: true }, "evt_1")).slice(4)).toEqual([
        "--data-binary",
        "@evt_1",
      ]);
  });
});
