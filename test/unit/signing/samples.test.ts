import { describe, expect, it } from "vitest";
import { bodyView } from "../../../src/routing/index.ts";
import { eventType, PRESETS, sampleOf, sampleTypes, signSample } from "../../../src/signing/index.ts";
import { configured, judge } from "./judge.ts";
import { NOW, WHPK } from "./signer.ts";
import { SIGNERS } from "./signers.ts";

const URL_OF_SOURCE = "https://hooks.example.com/in/source";
const MOMENT = { id: "k3v8q1r5w9y2t7z4", now: NOW * 1_000 };
const ALL = Object.keys(PRESETS).flatMap((type) => sampleTypes(type).map((event) => [type, event] as const));

/** Their private keys are their own. */
const UNSIGNABLE = ["aws_sns", "discord", "sendgrid"];

const secretOf = (type: string): string => SIGNERS[type]?.secret ?? "";
const sign = (
  type: string,
  event: string | undefined,
  options: Record<string, unknown> = {},
  secret = secretOf(type),
) => {
  const sample = sampleOf(type, event, MOMENT);
  if (sample === null) throw new Error("There is no such sample.");
  const method = configured(type, options, type === "aws_sns" || type === "none" ? 0 : 1);
  return signSample(sample, method, secret, URL_OF_SOURCE, MOMENT);
};

describe("the samples of providers", () => {
  it.each(ALL.filter(([type]) => !UNSIGNABLE.includes(type)))(
    "%s: %s passes the provider's own check",
    async (type, event) => {
      const request = await sign(type, event);
      if (request === null) return expect.fail("nobody signed it");
      expect(await judge(request, configured(type), { secrets: [secretOf(type)] })).toEqual({ ok: true });
      const late = await judge(request, configured(type), { secrets: ["another one", "YWFhYQ=="] });
      expect(late.ok).toBe(false);
    },
  );

  it.each(ALL)("%s: %s has the type after which it is named", (type, event) => {
    const sample = sampleOf(type, event, MOMENT);
    const headers = Object.entries({ "content-type": "application/json", ...sample?.headers });
    const body = new TextEncoder().encode(JSON.stringify(sample?.body));
    const found = eventType({ verification: { type } }, headers, () => bodyView({ headers }, body).value);
    expect(found).toBe(type === "airtable" ? null : event);
  });

  it("are not signed where only the sender has the key", async () => {
    for (const type of UNSIGNABLE) expect(await sign(type, undefined)).toBeNull();
    expect(await sign("standard_webhooks", undefined, {}, WHPK.text)).toBeNull();
    expect(await sign("jwt", undefined)).toBeNull();
  });

  it.each([
    ["hmac", { header: "X-Sig", prefix: "v1=", signed: "{timestamp}.{url}.{body}", timestamp_header: "X-Time" }, "s"],
    ["hmac", { header: "x-sig", encoding: "base64url", algorithm: "sha512", secret_encoding: "hex" }, "00ff"],
    ["basic", {}, "user:pässword"],
    ["bearer", {}, "token"],
    ["api_key", {}, "a key & more"],
    ["api_key", { in: "query", name: "api key" }, "a key & more"],
    ["twilio", { public_origin: "https://public.example.com" }, "12345"],
    ["gitlab", {}, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
  ])("pass the check of a source with the method %s %o", async (type, options, secret) => {
    const request = await sign(type, undefined, options, secret);
    expect(await judge(request ?? expect.fail(), configured(type, options), { secrets: [secret] })).toEqual({
      ok: true,
    });
  });

  it("carry the id of each, so that none is a duplicate of another", () => {
    const alike = ALL.filter(([type, event]) => {
      const [one, two] = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"].map((id) => sampleOf(type, event, { ...MOMENT, id }));
      return JSON.stringify(one) === JSON.stringify(two);
    });
    // Their bodies have no id, or a number: the time.
    expect([...new Set(alike.map(([type]) => type))].sort()).toEqual([
      "airtable",
      "asana",
      "discord",
      "dropbox",
      "hubspot",
      "telegram",
    ]);
  });

  it("exist for no other type of event", () => {
    expect(sampleOf("stripe", "constructor", MOMENT)).toBeNull();
    expect(sampleOf("constructor", undefined, MOMENT)?.body).toMatchObject({ type: "sample.created" });
  });
});
