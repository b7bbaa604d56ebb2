import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import type { Rejection } from "../../../src/ingest/ports.ts";
import { REDACTED } from "../../../src/model/credentials.ts";
import { buildSample } from "../../../src/ingest/rejection-sample.ts";
import type { Source } from "../../../src/model/source.ts";

const rejection = (change: Partial<Rejection>): Rejection => ({
  at: 5,
  source: null,
  reason: "verification_failed",
  cause: "signature_mismatch",
  method: "POST",
  path: "/a",
  query: "",
  headers: [],
  ip: "192.0.2.1",
  bodyHead: new Uint8Array(),
  ...change,
});
const sourceWith = (verification: object): Source => ({ verification }) as Source;
const SECRET = "s3cr3t-value";

describe("the sample of a refused request", () => {
  it.each([
    "authorization",
    "Authorization",
    "proxy-authorization",
    "cookie",
    "x-gitlab-token",
    "x-telegram-bot-api-secret-token",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-goog-channel-token",
    "x-hook-secret",
  ])("keeps the header %s without its value [G8]", (name) => {
    const sample = buildSample(rejection({ headers: [[name, SECRET]] }));
    expect(sample.headers).toEqual([[name, REDACTED]]);
  });

  it("keeps signatures and everything else that opens no door", () => {
    const headers = [
      ["stripe-signature", "t=1,v1=abc"],
      ["content-type", "text/plain"],
      ["x-hub-signature-256", "sha256=00"],
    ] as const;
    expect(buildSample(rejection({ headers })).headers).toEqual(headers);
  });

  it("leaves out the key of a source wherever its sender puts it [G8]", () => {
    const inHeader = rejection({
      source: sourceWith({ type: "api_key", in: "header", name: "X-Shop" }),
      headers: [["x-shop", SECRET]],
    });
    const inQuery = rejection({
      source: sourceWith({ type: "api_key", in: "query", name: "k&y" }),
      query: `?a=1&k%26y=${SECRET}&b=2`,
    });
    const jwt = rejection({ source: sourceWith({ type: "jwt", header: "X-Jot" }), headers: [["x-jot", SECRET]] });
    expect(buildSample(inHeader).headers).toEqual([["x-shop", REDACTED]]);
    expect(buildSample(inQuery).query).toBe(`?a=1&k%26y=${REDACTED}&b=2`);
    expect(buildSample(jwt).headers).toEqual([["x-jot", REDACTED]]);
  });

  it.each([
    [`?token=${SECRET}&a=1`, `?token=${REDACTED}&a=1`],
    [`?a=1&access_token=${SECRET}`, `?a=1&access_token=${REDACTED}`],
    [`?a=1;token=${SECRET}&b=2`, `?a=1;token=${REDACTED}&b=2`],
    [`?token=x;${SECRET}&a=1`, `?token=${REDACTED}&a=1`],
    [`?t%6Fken=${SECRET}&%zz_token=${SECRET}`, `?t%6Fken=${REDACTED}&%zz_token=${REDACTED}`],
    [`?${"x".repeat(300)}_token=${SECRET}`, `?${"x".repeat(300)}_token=${REDACTED}`],
    ["?a=1&b", "?a=1&b"],
    ["", ""],
  ])("takes secrets out of the query %s [G8]", (query, kept) => {
    expect(buildSample(rejection({ query })).query).toBe(kept);
  });

  it.each([
    [`{"clientState": "${SECRET}", "id": 1}`, `{"clientState": "${REDACTED}", "id": 1}`],
    [`[{"token":"${SECRET}"}]`, `[{"token":"${REDACTED}"}]`],
    [`{"a":{"api_key":"x\\"${SECRET}"}}`, `{"a":{"api_key":"${REDACTED}"}}`],
    [`token=${SECRET}&text=hello`, `token=${REDACTED}&text=hello`],
    [`{"password":"${SECRET}`, `{"password":"${REDACTED}`],
    ["plain text", "plain text"],
  ])("takes secrets out of the body %s [G8]", (body, kept) => {
    expect(buildSample(rejection({ bodyHead: utf8(body) }))).toMatchObject({ body: kept, body_encoding: "utf8" });
  });

  it("is bounded whatever comes in", () => {
    const sample = buildSample(
      rejection({
        method: "M".repeat(10_000),
        path: "/".repeat(100_000),
        query: `?${"q".repeat(100_000)}`,
        headers: Array.from({ length: 500 }, (_, index) => [`${"h".repeat(1_000)}${index}`, "v".repeat(10_000)]),
        bodyHead: new Uint8Array(1_024).fill(0xff),
      }),
    );
    expect(JSON.stringify(sample).length).toBeLessThan(32_000);
    expect(sample.body_encoding).toBe("base64");
  });

  it("shows text that was cut within a character as text", () => {
    expect(buildSample(rejection({ bodyHead: utf8("añ").subarray(0, 2) }))).toMatchObject({ body: "a" });
  });
});
