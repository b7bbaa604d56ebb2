// Promises of every type of verification: a verdict for any input, bodies streamed in bounded memory, IP ranges checked as well.
import { createHmac } from "node:crypto";
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { fetchTextWith, PRESETS, remoteTexts } from "../../../src/signing/index.ts";
import { configured, judge } from "./judge.ts";
import { DISCORD, NOW, SENDGRID, WHPK, WHSEC } from "./signer.ts";
import { SIGNERS } from "./signers.ts";

const KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
const OPTIONS: Record<string, Record<string, unknown>> = {
  hmac: {
    header: "x-signature",
    signed: "{method}{url}{path}{query}{host}{header:x-id}{timestamp}{body}",
    timestamp_header: "x-time",
  },
  jwt: {},
  github: { allow_sha1: true },
  square: { public_origin: "https://public.example" },
};
const TYPES = [...Object.keys(PRESETS), "hmac", "basic", "bearer", "api_key", "jwt", "none"];

describe("any request", () => {
  const headerNames = [
    ...new Set([
      ...Object.values(SIGNERS).flatMap(({ header, sign, secret, body }) => [
        ...(header === null ? [] : [header]),
        ...Object.keys(sign(body ?? "{}", secret, NOW).headers),
      ]),
      "x-id",
      "x-time",
      "authorization",
      "content-type",
    ]),
  ];
  const value = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "",
      "v1,",
      "v1a,AAAA",
      "t=1,v1=",
      "sha256=",
      "Basic ====",
      "Bearer a.b.c",
      "multipart/form-data; boundary=x",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      String(NOW),
      `${NOW}000`,
      "9".repeat(400),
      "2026-13-45T99:99:99Z",
      "-0",
    ),
    fc.base64String().map((text) => `v1,${text} v1a,${text}`),
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
    fc
      .record({
        signature: fc.anything(),
        timestamp: fc.anything(),
        token: fc.anything(),
        webhookTimestamp: fc.anything(),
        value: fc.anything(),
        notificationItems: fc.oneof(fc.anything(), fc.array(fc.record({ NotificationRequestItem: fc.anything() }))),
        Type: fc.constantFrom("Notification", "__proto__", 1),
        Signature: fc.anything(),
        SigningCertURL: fc.anything(),
      })
      .map((fields) =>
        new TextEncoder().encode(
          JSON.stringify(fields, (_key, one: unknown) => (typeof one === "bigint" ? String(one) : one)) ?? "",
        ),
      ),
  );

  it.each(TYPES)("gets a verdict, and never passes without a proof: %s", async (type) => {
    const secrets = [KEY, WHSEC, WHPK.text, DISCORD.text, SENDGRID.text, "user:password", "text"];
    const verification = configured(type, OPTIONS[type], type === "none" || type === "aws_sns" ? 0 : 1);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          method: fc.string(),
          url: fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string({ unit: "binary" })),
          headers: fc.dictionary(fc.oneof(fc.constantFrom(...headerNames), fc.string()), value, { maxKeys: 12 }),
          body,
          ip: fc.option(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())),
          chunk: fc.integer({ min: 1, max: 500 }),
          at: fc.integer(),
        }),
        async ({ ip, chunk, at, ...request }) => {
          const verdict = await judge(request, verification, { secrets, ip, chunk, at });
          if (type === "none") expect(verdict).toEqual({ ok: true });
          else {
            expect(verdict).toMatchObject({ ok: false });
            expect(verdict).not.toMatchObject({ cause: "check_failed" });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each(Object.entries(SIGNERS))(
    "gets the same verdict however its body is split into chunks: %s",
    async (name, signer) => {
      const request = signer.sign(signer.body ?? '{"a":"1"}', signer.secret, NOW);
      const verification = configured(name.split(" ")[0] ?? "", signer.options);
      for (const chunk of [1, 7, 1_000])
        expect(await judge(request, verification, { secrets: [signer.secret], chunk })).toEqual({ ok: true });
    },
  );
});

describe("bodies", () => {
  const large = new Uint8Array(3 * 1024 * 1024).map((_value, index) => (index * 31) % 251);
  const signed = (bytes: Uint8Array) => createHmac("sha256", "s").update(bytes).digest("hex");

  it("of any size and content are checked while they stream in", async () => {
    for (const size of [0, 1, 96 * 1024 - 1, 96 * 1024, 96 * 1024 + 1, large.byteLength]) {
      const bytes = large.subarray(0, size);
      const request = { headers: { "x-hub-signature-256": `sha256=${signed(bytes)}` }, body: bytes };
      expect(await judge(request, configured("github"), { secrets: ["other", "s"], chunk: 10_007 })).toEqual({
        ok: true,
      });
      if (size === 0) continue;
      const changed = bytes.slice();
      changed[size - 1] = (changed[size - 1] ?? 0) ^ 1;
      expect(await judge({ ...request, body: changed }, configured("github"), { secrets: ["s"] })).toEqual({
        ok: false,
        cause: "signature_mismatch",
      });
    }
  });

  it("of any size are signed together with the text before and after them", async () => {
    const text = "x".repeat(200_000);
    const signature = createHmac("sha256", "s").update(`<${text}>`).digest("hex");
    const verification = configured("hmac", { header: "x", signed: "<{body}>" });
    expect(await judge({ headers: { x: signature }, body: text }, verification, { secrets: ["s"] })).toEqual({
      ok: true,
    });
  });

  it("that a scheme needs as a whole are refused above 1 MiB", async () => {
    for (const name of ["linear", "discord", "mailgun", "microsoft_graph", "twilio"]) {
      const signer = SIGNERS[name];
      const request = signer?.sign(signer.body ?? "{}", signer.secret, NOW) ?? { headers: {}, body: "" };
      const body = request.body + " ".repeat(1024 * 1024);
      expect(await judge({ ...request, body }, configured(name), { secrets: [signer?.secret ?? ""] })).toEqual({
        ok: false,
        cause: "body_too_large_to_verify",
      });
    }
  });
});

describe("Mailgun's forms", () => {
  const secret = SIGNERS["mailgun"]?.secret ?? "";
  const signature = createHmac("sha256", secret).update(`${NOW}token`).digest("hex");
  const fields = { timestamp: String(NOW), token: "token", signature };
  const LARGE = "a ".repeat(700_000);
  const part = (head: string, value: string): string =>
    `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`;
  const signed = (given: Record<string, string>): string[] =>
    Object.entries(given).map(([name, value]) => part(`name="${name}"`, value));
  const file = part('name="attachment-1"; filename="a.pdf"', LARGE);
  const multipart = (parts: readonly string[]) => ({
    headers: { "content-type": "multipart/form-data; boundary=x" },
    body: `${parts.join("")}--x--\r\n`,
  });
  const urlEncoded = (given: Record<string, string>) => ({
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ "body-html": LARGE, ...given, "stripped-html": LARGE }).toString(),
  });
  const of = (request: { headers: Record<string, string>; body: string }) =>
    judge(request, configured("mailgun"), { secrets: [secret] });

  it.each([
    ["before the file", multipart([...signed(fields), file])],
    ["behind the file", multipart([file, ...signed(fields)])],
    ["around the file", multipart([...signed(fields).slice(0, 1), file, ...signed(fields).slice(1)])],
    ["between large fields", urlEncoded(fields)],
  ])("are verified at any size: signed %s", async (_where, request) => {
    expect(request.body.length).toBeGreaterThan(1_400_000);
    expect(await of(request)).toEqual({ ok: true });
  });

  it("are refused for what is wrong with the signature, never for their size", async () => {
    const wrong = { ...fields, token: "other" };
    expect(await of(multipart([file, ...signed(wrong)]))).toEqual({ ok: false, cause: "signature_mismatch" });
    expect(await of(urlEncoded(wrong))).toEqual({ ok: false, cause: "signature_mismatch" });
    expect(await of(multipart([file]))).toEqual({ ok: false, cause: "missing_signature" });
    const { body, ...rest } = multipart([file, ...signed(fields)]);
    expect(await of({ ...rest, body: body.slice(0, -4) })).toEqual({ ok: false, cause: "malformed_body" });
    const inFile = part('name="signature"; filename="signature"', signature);
    expect(await of(multipart([...signed(fields).slice(0, 2), inFile]))).toEqual({
      ok: false,
      cause: "missing_signature",
    });
  });
});

describe("the sender's IP address", () => {
  it("is checked in addition to the type, as IPv4, IPv6 and mapped IPv4", async () => {
    const request = { headers: {}, body: "" };
    const verification = configured("none", { allowed_ips: ["192.0.2.0/24", "2001:db8::/32"] }, 0);
    for (const ip of ["192.0.2.77", "::ffff:192.0.2.77", "2001:db8::5"])
      expect(await judge(request, verification, { ip })).toEqual({ ok: true });
    for (const ip of ["192.0.3.1", "2001:db9::5", "", "nonsense", null])
      expect(await judge(request, verification, { ip })).toEqual({ ok: false, cause: "ip_not_allowed" });
    const token = configured("gitlab", { allowed_ips: ["192.0.2.0/24"] });
    const genuine = { headers: { "x-gitlab-token": "t" }, body: "" };
    expect(await judge(genuine, token, { secrets: ["t"], ip: "192.0.2.1" })).toEqual({ ok: true });
    expect(await judge(genuine, token, { secrets: ["t"], ip: "192.0.3.1" })).toMatchObject({ ok: false });
    expect(await judge(request, token, { secrets: ["t"], ip: "192.0.2.1" })).toMatchObject({ ok: false });
  });
});

describe("headers and URLs", () => {
  it("reads a repeated header as one value with commas", async () => {
    const signer = SIGNERS["pagerduty"];
    const request = signer?.sign("{}", signer.secret, NOW);
    const [, own = ""] = request?.headers["x-pagerduty-signature"]?.split(",") ?? [];
    const { beginCheck } = await import("../../../src/signing/index.ts");
    const head = {
      method: "POST",
      url: "https://a.example/",
      ip: null,
      headers: [
        ["X-PagerDuty-Signature", "v1=00"],
        ["x-pagerduty-signature", own],
      ] as const,
    };
    const check = beginCheck(
      head,
      configured("pagerduty"),
      [signer?.secret ?? ""],
      NOW * 1_000,
      remoteTexts(async () => ""),
    );
    check.update(new TextEncoder().encode("{}"));
    expect(await check.finish()).toEqual({ ok: true });
  });

  it("uses the public origin instead of the one that a proxy asked for", async () => {
    const signer = SIGNERS["square"];
    const request = signer?.sign("{}", signer.secret, NOW) ?? { headers: {}, body: "" };
    const behind = { ...request, url: "http://worker.internal:8080/in/source/sub?b=2&a=1%202" };
    const judged = (options: Record<string, unknown>) =>
      judge(behind, configured("square", options), { secrets: [signer?.secret ?? ""] });
    expect(await judged({ public_origin: "https://hooks.example.com" })).toEqual({ ok: true });
    expect(await judged({})).toEqual({ ok: false, cause: "signature_mismatch" });
  });

  it("accepts GitHub's SHA-1 signature only when configured", async () => {
    const signer = SIGNERS["github sha1"];
    const request = signer?.sign("{}", signer.secret, NOW) ?? { headers: {}, body: "" };
    expect(await judge(request, configured("github"), { secrets: [signer?.secret ?? ""] })).toEqual({
      ok: false,
      cause: "missing_signature",
    });
  });
});

describe("a published text", () => {
  const at = NOW * 1_000;

  it("is cached for an hour and fetched over https only, and a failure is cached for ten seconds", async () => {
    const asked: string[] = [];
    let fails = false;
    const remote = remoteTexts(async (url) => {
      asked.push(url);
      if (fails) throw new Error("down");
      return `of ${url}`;
    });
    expect(await remote.get("https://a.example/", at)).toEqual({ text: "of https://a.example/" });
    expect(await remote.get("https://a.example/", at + 3_599_999)).toEqual({ text: "of https://a.example/" });
    expect(asked).toHaveLength(1);
    expect(await remote.get("http://a.example/", at)).toBe("absent");
    expect(asked).toHaveLength(1);
    fails = true;
    expect(await remote.get("https://b.example/", at)).toBe("unavailable");
    expect(await remote.get("https://b.example/", at + 9_999)).toBe("unavailable");
    expect(asked).toHaveLength(2);
    fails = false;
    expect(await remote.get("https://b.example/", at + 10_000)).toEqual({ text: "of https://b.example/" });
  });

  it("is still used after an hour when it cannot be fetched again", async () => {
    let fails = false;
    const remote = remoteTexts(async () => {
      if (fails) throw new Error("down");
      return "keys";
    });
    await remote.get("https://a.example/", at);
    fails = true;
    expect(await remote.get("https://a.example/", at + 3_600_000)).toEqual({ text: "keys" });
  });

  it("is fetched once for concurrent requests", async () => {
    let asked = 0;
    const remote = remoteTexts(async () => {
      await Promise.resolve();
      return String(++asked);
    });
    const all = await Promise.all(Array.from({ length: 50 }, () => remote.get("https://a.example/", at)));
    expect(new Set(all.map((one) => JSON.stringify(one)))).toEqual(new Set(['{"text":"1"}']));
  });

  it("is fetched at most 30 times a minute", async () => {
    let asked = 0;
    const remote = remoteTexts(async () => String(++asked));
    for (let i = 0; i < 500; i++) await remote.get(`https://a.example/${i}`, at);
    expect(asked).toBe(30);
    await remote.get("https://a.example/later", at + 60_000);
    expect(asked).toBe(31);
  });

  it("may have up to 256 KB, and redirects to it are not followed", async () => {
    const answering = (response: Response) => fetchTextWith(async () => response)("https://a.example/");
    expect(await answering(new Response("grüße"))).toBe("grüße");
    await expect(answering(new Response("x".repeat(256 * 1024 + 1)))).rejects.toThrow("too large");
    for (const status of [302, 403, 404]) expect(await answering(new Response(null, { status }))).toBeNull();
    for (const status of [429, 500, 503])
      await expect(answering(new Response("x", { status }))).rejects.toThrow(String(status));
    let asked: RequestInit | undefined;
    await fetchTextWith(async (_url, init) => {
      asked = init;
      return new Response("x");
    })("https://a.example/");
    expect(asked).toMatchObject({ redirect: "manual" });
    expect(asked?.signal).toBeInstanceOf(AbortSignal);
  });
});
