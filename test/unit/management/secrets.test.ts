import { verificationSchema } from "../../../src/model/verification.ts";
import { describe, expect, it } from "vitest";
import { Problem } from "../../../src/model/problem.ts";
import { sealSecrets, withoutSecrets } from "../../../src/management/secrets.ts";
import { toBase64 } from "../../../src/kernel/bytes.ts";
import { randomBytes } from "../../../src/kernel/random.ts";
import { configPlace, createVault } from "../../../src/signing/vault.ts";

const settings = {
  oldMasterKeys: [],
  randomBytes,
  secretNamed: (name: string) => ({ STRIPE: "s", LINE_END: "user:s\n" })[name] ?? null,
};
const vault = createVault({ ...settings, masterKey: toBase64(randomBytes(32)) });

const problemOf = async (work: Promise<unknown>): Promise<Problem> => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Problem)) throw new Error("no problem");
  return error;
};
const open = async (stored: unknown) =>
  vault.open(stored as { sealed: string }, configPlace("src_1", "verification/secrets"));

describe("secrets in input", () => {
  it("are encrypted one by one, also in lists, and references stay references [G8]", async () => {
    const input = { name: "x", verification: { type: "stripe", secrets: ["planted", { secret: "STRIPE" }] } };
    const out = await sealSecrets("sources", "src_1", input, null, vault);
    expect(JSON.stringify(out)).not.toContain("planted");
    const [first, second] = (out["verification"] as { secrets: unknown[] }).secrets;
    expect(await open(first)).toEqual({ ok: true, value: "planted" });
    expect(second).toEqual({ secret: "STRIPE" });
  });

  it("are kept when they are not given and the type stays the same", async () => {
    const stored = { auth: { type: "basic", username: "u", password: { secret: "STRIPE" } } };
    const same = await sealSecrets("destinations", "dst_1", { auth: { type: "basic", username: "v" } }, stored, vault);
    expect(same["auth"]).toEqual({ type: "basic", username: "v", password: { secret: "STRIPE" } });
    const other = await sealSecrets("destinations", "dst_1", { auth: { type: "bearer" } }, stored, vault);
    expect(other["auth"]).toEqual({ type: "bearer" });
    const silent = await sealSecrets("destinations", "dst_1", { name: "new" }, stored, vault);
    expect(silent).toEqual({ name: "new" });
  });

  it.each([
    [{ sealed: "v1.00000000.AAAA" }, "/verification/secrets/0"],
    [{ secret: "STRIPE", sealed: "x" }, "/verification/secrets/0"],
    [{ secret: "NOWHERE" }, "/verification/secrets/0/secret"],
    [{ secret: "SLUICE_MASTER_KEY" }, "/verification/secrets/0/secret"],
    [{ secret: "sluice_admin_token" }, "/verification/secrets/0/secret"],
    [{ secret: 5 }, "/verification/secrets/0/secret"],
    ["", "/verification/secrets/0"],
    ["x".repeat(8_193), "/verification/secrets/0"],
    [5, "/verification/secrets/0"],
    [null, "/verification/secrets/0"],
  ])("are refused with the field named: %j", async (secret, pointer) => {
    const input = { verification: { type: "stripe", secrets: [secret] } };
    const problem = await problemOf(sealSecrets("sources", "src_1", input, null, vault));
    expect([problem.code, problem.errors[0]?.pointer]).toEqual(["invalid", pointer]);
  });

  it.each(["stripe", "github", "gitlab", "telegram", "bearer", "api_key", "basic", "hmac"])(
    "with white space around them are refused where it could be meant, with the field named: %s",
    async (type) => {
      for (const secret of ["user:abc\n", " user:abc", "user:abc\t", "user:abc\u00a0", "\r\nuser:abc"]) {
        const input = { verification: { type, secrets: ["user:abc", secret] } };
        const problem = await problemOf(sealSecrets("sources", "src_1", input, null, vault));
        expect(problem.errors).toEqual([
          { pointer: "/verification/secrets/1", detail: "must not begin or end with white space" },
        ]);
      }
      const named = { verification: { type, secrets: [{ secret: "LINE_END" }] } };
      const problem = await problemOf(sealSecrets("sources", "src_1", named, null, vault));
      expect(problem.errors[0]?.pointer).toBe("/verification/secrets/0/secret");
    },
  );

  it.each([
    [{ type: "svix" }, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    [{ type: "standard_webhooks" }, `whpk_${toBase64(new Uint8Array(32))}`],
    [{ type: "adyen" }, "44782DEF547AAA06"],
    [{ type: "airtable" }, "c2VjcmV0"],
    [{ type: "discord" }, "ab".repeat(32)],
    [{ type: "hmac", secret_encoding: "hex" }, "00ff"],
    [{ type: "hmac", secret_encoding: "base64" }, "c2VjcmV0"],
  ])("lose white space around them where they are an encoding: %j", async (verification, secret) => {
    for (const given of [`${secret}\n`, `\r\n  ${secret}\t`]) {
      const input = { verification: { ...verification, secrets: [given] } };
      const out = await sealSecrets("sources", "src_1", input, null, vault);
      const [sealed] = (out["verification"] as { secrets: unknown[] }).secrets;
      expect(await open(sealed)).toEqual({ ok: true, value: secret });
    }
  });

  it.each([
    [{ auth: { type: "bearer", token: "t\n" } }, "/auth/token"],
    [{ auth: { type: "basic", username: "u", password: " p" } }, "/auth/password"],
    [{ auth: { type: "api_key", name: "x-key", value: "v " } }, "/auth/value"],
    [{ auth: { type: "hmac", secret: "s\t" } }, "/auth/secret"],
    [{ auth: { type: "oauth2_client_credentials", client_secret: "s\n" } }, "/auth/client_secret"],
    [{ auth: { type: "aws_sigv4", secret_access_key: "s\n" } }, "/auth/secret_access_key"],
    [{ auth: { type: "aws_sigv4", session_token: "s\n" } }, "/auth/session_token"],
  ])("of destinations are refused with white space around them: %j", async (input, pointer) => {
    const problem = await problemOf(sealSecrets("destinations", "dst_1", input, null, vault));
    expect(problem.errors).toEqual([{ pointer, detail: "must not begin or end with white space" }]);
  });

  it("that sign for destinations lose white space around them", async () => {
    const secret = `whsec_${toBase64(new Uint8Array(32))}`;
    const input = { signing: { type: "standard_webhooks", secrets: [` ${secret}\n`] } };
    const out = await sealSecrets("destinations", "src_1", input, null, vault);
    const [sealed] = (out["signing"] as { secrets: { sealed: string }[] }).secrets;
    expect(await vault.open(sealed ?? { sealed: "" }, configPlace("src_1", "signing/secrets"))).toEqual({
      ok: true,
      value: secret,
    });
  });

  it.each([
    [{ target: { type: "webhook", url: "https://a.example\n" } }, "/target/url"],
    [{ target: { type: "pagerduty", routing_key: " k" } }, "/target/routing_key"],
  ])("of alerts are refused with white space around them: %j", async (input, pointer) => {
    const problem = await problemOf(sealSecrets("alerts", "alr_1", input, null, vault));
    expect(problem.errors[0]?.pointer).toBe(pointer);
  });

  it("are refused without a usable master key, while input without secrets is accepted", async () => {
    const keyless = createVault({ ...settings, masterKey: "not a key" });
    const input = { verification: { type: "stripe", secrets: ["planted"] } };
    const problem = await problemOf(sealSecrets("sources", "src_1", input, null, keyless));
    expect(problem.code).toBe("not_configured");
    expect(problem.detail).toContain("SLUICE_MASTER_KEY");
    expect(await sealSecrets("sources", "src_1", { verification: { type: "none" } }, null, keyless)).toEqual({
      verification: { type: "none" },
    });
  });
});

describe("secrets in answers", () => {
  it("are shown only as set, and the answer can be sent back [G8]", async () => {
    const stored = { auth: { type: "basic", username: "u", password: { sealed: "v1.00000000.AAAA" } } };
    const shown = withoutSecrets("destinations", stored);
    expect(shown).toEqual({ auth: { type: "basic", username: "u", secrets_set: { password: "sealed" } } });
    expect(await sealSecrets("destinations", "dst_1", shown, stored, vault)).toEqual(stored);
    const secrets = [{ sealed: "v1.00000000.AAAA" }, { secret: "STRIPE" }];
    expect(withoutSecrets("sources", { verification: { type: "stripe", secrets } })).toEqual({
      verification: { type: "stripe", secrets_set: { secrets: ["sealed", { secret: "STRIPE" }] } },
    });
  });
});

describe("white space around what a sender's requests are compared with", () => {
  it.each([
    [{ type: "api_key", secrets: [{ secret: "KEY" }], name: " x-k\n" }, { name: "x-k" }],
    [
      { type: "jwt", secrets: [{ secret: "KEY" }], issuer: "me ", audience: "\tyou" },
      { issuer: "me", audience: "you" },
    ],
    [{ type: "aws_sns", topic_arns: ["arn:aws:sns:eu-west-1:1:t\n"] }, { topic_arns: ["arn:aws:sns:eu-west-1:1:t"] }],
  ])("is removed: %j", (given, kept) => {
    expect(verificationSchema.parse(given)).toMatchObject(kept);
  });
});
