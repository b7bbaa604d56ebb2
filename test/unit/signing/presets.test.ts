// Every type of verification, with requests that must pass and requests that must not.
import { describe, expect, it } from "vitest";
import { PRESETS } from "../../../src/signing/index.ts";
import { secretFault } from "../../../src/model/secret-forms.ts";
import { defaultTolerance } from "../../../src/model/tolerances.ts";
import { configured, judge } from "./judge.ts";
import { changed, NOW, WHSEC, type SignedRequest, type Signer } from "./signer.ts";
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
      const seconds = defaultTolerance(type) ?? 0;
      expect(seconds).toBeGreaterThanOrEqual(300);
      expect(await verdict(sign(), undefined, NOW - seconds)).toEqual({ ok: true });
      expect(await verdict(sign(), undefined, NOW + seconds)).toEqual({ ok: true });
      expect(await verdict(sign(), undefined, NOW + seconds + 1)).toEqual({ ok: false, cause: "timestamp_too_old" });
      expect(await verdict(sign(), undefined, NOW - seconds - 1)).toEqual({ ok: false, cause: "timestamp_in_future" });
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
      PRESETS[name].rules.some((rule) => ("time" in rule && rule.time !== undefined) || rule.scheme === "mailgun");
    const names = Object.keys(PRESETS) as (keyof typeof PRESETS)[];
    expect(
      names.filter((name) => (defaultTolerance(name) !== null) !== (signsTime(name) || name === "aws_sns")),
    ).toEqual([]);
  });

  it.each([
    ["slack", 6],
    ["discord", 10],
    ["webflow", 30],
    ["aws_sns", 60],
    ["zoom", 5 + 20 + 60],
    ["linear", 1 + 60 + 6 * 60],
    ["mailgun", 8 * 60 + 5],
    ["sendgrid", 24 * 60],
    ["calendly", 24 * 60],
  ])("accepts the last retry of %s, %i minutes after the first, with the time of the first", (name, minutes) => {
    expect(defaultTolerance(name)).toBeGreaterThanOrEqual(minutes * 60);
    const verification = configured(name, {}, name === "aws_sns" ? 0 : 1);
    expect(verification).toMatchObject({ tolerance_seconds: defaultTolerance(name) });
  });

  it("accepts GitLab's token and signature, whichever secret of the source it is", async () => {
    const secrets = ["a-plain-token", WHSEC];
    const verification = configured("gitlab", {}, 2);
    const signed = (SIGNERS["gitlab signed"] as Signer).sign(BODY, WHSEC, NOW);
    const plain = { headers: { "x-gitlab-token": "a-plain-token" }, body: BODY };
    expect(await judge(signed, verification, { secrets })).toEqual({ ok: true });
    expect(await judge(plain, verification, { secrets })).toEqual({ ok: true });
    const late = { ...plain, headers: { ...signed.headers, "x-gitlab-token": "another" } };
    expect(await judge(late, verification, { secrets, at: NOW + 301 })).toMatchObject({ ok: false });
    expect(secretFault({ type: "gitlab" }, "whsec_no base64")).toBe("must be a token, or whsec_ and base64");
  });

  it("links to a page of every provider", () => {
    for (const { docs } of Object.values(PRESETS)) expect(new URL(docs).protocol).toBe("https:");
  });
});
