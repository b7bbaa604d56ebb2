// Every type of verification, with requests that must pass and requests that must not.
import { describe, expect, it } from "vitest";
import { PRESETS } from "../../../src/signing/index.ts";
import { TIMED_PRESETS, TIMELESS_PRESETS } from "../../../src/model/verification.ts";
import { configured, judge } from "./judge.ts";
import { changed, NOW, type SignedRequest } from "./signer.ts";
import { SIGNERS } from "./signers.ts";

const BODY = '{"id":"evt_1","amount":12345678901234567890,"text":"grüße","z":1.0}';

describe.each(Object.entries(SIGNERS))("%s", (name, signer) => {
  const type = name.split(" ")[0] ?? "";
  const verification = configured(type, signer.options);
  const wrong = signer.wrongSecret ?? `${signer.secret.slice(0, -1)}~`;
  const sign = (secret = signer.secret, at = NOW): SignedRequest => signer.sign(signer.body ?? BODY, secret, at);
  const verdict = (request: SignedRequest, secrets = [signer.secret], at = NOW) =>
    judge(request, verification, { secrets, at });
  const withHeader = (change: (value: string) => string | null): SignedRequest => {
    const request = sign();
    const { [signer.header ?? ""]: value = "", ...others } = request.headers;
    const next = change(value);
    return { ...request, headers: next === null ? others : { ...others, [signer.header ?? ""]: next } };
  };

  it("accepts a genuine request, with several secrets and with header names in any case", async () => {
    const request = sign();
    expect(await verdict(request)).toEqual({ ok: true });
    expect(await verdict(request, [wrong, signer.secret])).toEqual({ ok: true });
    const shouting = Object.fromEntries(
      Object.entries(request.headers).map(([key, value]) => [key.toUpperCase(), value]),
    );
    expect(await verdict({ ...request, headers: shouting })).toEqual({ ok: true });
  });

  if (signer.header === null && sign().body.startsWith("{")) {
    it("accepts a byte order mark before the JSON that carries the proof", async () => {
      const request = sign();
      expect(await verdict({ ...request, body: `\uFEFF${request.body}` })).toEqual({ ok: true });
    });
  }

  it("refuses a request with one byte changed", async () => {
    const tamper = signer.tamper ?? ((request) => ({ ...request, body: request.body.replace("1", "2") }));
    const tampered = tamper(sign());
    expect(tampered).not.toEqual(sign());
    expect(await verdict(tampered)).toMatchObject({ ok: false });
  });

  it("refuses a request when the secret is wrong or missing", async () => {
    expect(await verdict(sign(wrong))).toMatchObject({ ok: false });
    expect(await verdict(sign(), [wrong])).toMatchObject({ ok: false });
    expect(await verdict(sign(), [])).toMatchObject({ ok: false });
  });

  it("refuses a request without its proof", async () => {
    if (signer.header === null) {
      expect(await verdict({ ...sign(), url: "https://hooks.example.com/in/source", body: "{}" })).toMatchObject({
        ok: false,
      });
    } else expect(await verdict(withHeader(() => null))).toMatchObject({ ok: false });
  });

  it("refuses a proof that is shortened, lengthened, empty, or of another request", async () => {
    if (signer.header === null) {
      for (const body of ["", "[]", "null", "{", sign().body.slice(0, -3)])
        expect(await verdict({ ...sign(), url: "https://hooks.example.com/?key=", body })).toMatchObject({ ok: false });
      return;
    }
    const changes = [
      (value: string) => value.slice(0, -1),
      (value: string) => value.slice(0, -4),
      (value: string) => `${value}a`,
      (value: string) => changed(value, value.length - 8),
      () => "",
      () => "Bearer ",
      () => "v1,",
    ];
    for (const change of changes) expect(await verdict(withHeader(change))).toMatchObject({ ok: false });
  });

  if (signer.timed === true) {
    it("refuses a request whose time is outside the tolerance, in the past and in the future [G9]", async () => {
      const accepted = [-300, 300].map((seconds) => verdict(sign(), undefined, NOW + seconds));
      expect(await Promise.all(accepted)).toEqual([{ ok: true }, { ok: true }]);
      expect(await verdict(sign(), undefined, NOW + 301)).toEqual({ ok: false, cause: "timestamp_too_old" });
      expect(await verdict(sign(), undefined, NOW - 301)).toEqual({ ok: false, cause: "timestamp_in_future" });
    });
  }
});

describe("the table of providers", () => {
  it("has a signer in these tests for every provider", () => {
    const tested = new Set(Object.keys(SIGNERS).map((name) => name.split(" ")[0]));
    expect(Object.keys(PRESETS).filter((name) => !tested.has(name))).toEqual(["aws_sns"]);
  });

  it("has a tolerance exactly for the types that sign a time", () => {
    const signsTime = (name: keyof typeof PRESETS): boolean =>
      PRESETS[name].rules.some(
        (rule) =>
          ("time" in rule && rule.time !== undefined) || (rule.scheme === "in_body" && rule.format === "mailgun"),
      );
    expect(TIMED_PRESETS.filter((name) => !signsTime(name))).toEqual([]);
    expect(TIMELESS_PRESETS.filter(signsTime)).toEqual([]);
  });

  it("links to a page of every provider", () => {
    for (const { docs } of Object.values(PRESETS)) expect(new URL(docs).protocol).toBe("https:");
  });
});
