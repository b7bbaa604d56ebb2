// The cryptography of verification in the runtime that it runs in: HMAC from both libraries, ed25519, ECDSA, RSA with a certificate.
import { describe, expect, it } from "vitest";
import { remoteTexts } from "../../../src/signing/index.ts";
import { selfSigned } from "../../unit/signing/certificate.ts";
import { configured, judge } from "../../unit/signing/judge.ts";
import { NOW } from "../../unit/signing/signer.ts";
import { SIGNERS } from "../../unit/signing/signers.ts";

describe("verification in workerd", () => {
  it.each(Object.entries(SIGNERS))(
    "accepts a request signed by %s, and refuses a wrong secret",
    async (name, signer) => {
      const verification = configured(name.split(" ")[0] ?? "", signer.options);
      const request = signer.sign(signer.body ?? '{"id":"1"}', signer.secret, NOW);
      const wrong = signer.wrongSecret ?? `${signer.secret.slice(0, -1)}~`;
      expect(await judge(request, verification, { secrets: [wrong, signer.secret] })).toEqual({ ok: true });
      expect(await judge(request, verification, { secrets: [wrong] })).toMatchObject({ ok: false });
    },
  );

  it("checks a large body while it streams in", async () => {
    const signer = SIGNERS.stripe;
    const body = "x".repeat(2 * 1024 * 1024);
    const request = signer?.sign(body, signer.secret, NOW) ?? { headers: {}, body };
    const secrets = [signer?.secret ?? ""];
    expect(await judge(request, configured("stripe"), { secrets })).toEqual({ ok: true });
    expect(await judge({ ...request, body: `${body.slice(0, -1)}y` }, configured("stripe"), { secrets })).toMatchObject(
      { ok: false },
    );
  });

  it("checks an SNS message with its certificate", async () => {
    const { generateKeyPairSync, sign } = await import("node:crypto");
    const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const message: Record<string, string> = {
      Message: "Hello",
      MessageId: "1",
      Timestamp: new Date(NOW * 1_000).toISOString(),
      TopicArn: "arn:aws:sns:eu-central-1:123456789012:orders",
      Type: "Notification",
    };
    const text = Object.entries(message)
      .map(([field, value]) => `${field}\n${value}\n`)
      .join("");
    const body = {
      ...message,
      SignatureVersion: "2",
      SigningCertURL:
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem",
      Signature: sign("sha256", Buffer.from(text), keys.privateKey).toString("base64"),
    };
    const remote = remoteTexts(async () => selfSigned(keys, NOW - 10, NOW + 10));
    const verdict = (change: object) =>
      judge({ headers: {}, body: JSON.stringify({ ...body, ...change }) }, configured("aws_sns", {}, 0), { remote });
    expect(await verdict({})).toEqual({ ok: true });
    expect(await verdict({ Message: "hello" })).toEqual({ ok: false, cause: "signature_mismatch" });
  });
});
