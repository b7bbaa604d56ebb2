import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { signStandardWebhooks } from "../../../src/signing/outbound/standard-webhooks.ts";
import { callbackSecrets } from "../../../src/signing/callback-secrets.ts";

const nothing = { callbackSecrets: [], masterKey: null, oldMasterKeys: [] };
const body = '{"é":1}';

async function verifies(secretsOf: ReturnType<typeof callbackSecrets>, secret: string): Promise<boolean> {
  const signer = signStandardWebhooks(await secretsOf(), "evt_1", Math.floor(Date.now() / 1000));
  signer.update(utf8(body));
  const headers = Object.fromEntries(await signer.finish());
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

describe("a callback's signature", () => {
  it("is verified by the standardwebhooks package with each of the secrets, and with no other", async () => {
    const one = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const two = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const signer = callbackSecrets({ ...nothing, callbackSecrets: [one, two] });
    expect(await signer()).toEqual([one, two]);
    expect([await verifies(signer, one), await verifies(signer, two)]).toEqual([true, true]);
    expect(await verifies(signer, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).toBe(false);
  });

  it("uses secrets derived from the current and the earlier master keys when none is configured", async () => {
    const before = callbackSecrets({ ...nothing, masterKey: "old" });
    const after = callbackSecrets({ ...nothing, masterKey: "new", oldMasterKeys: ["old"] });
    const [old = ""] = await before();
    const [current = ""] = await after();
    expect(current).not.toBe(old);
    expect(await after()).toEqual([current, old]);
    expect([await verifies(after, old), await verifies(after, current), await verifies(before, current)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(old).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  });

  it("has no secret without a master key, or when the configured secret is invalid", async () => {
    expect(await callbackSecrets({ ...nothing, masterKey: "key", callbackSecrets: ["hunter2"] })()).toEqual([]);
    expect(await callbackSecrets(nothing)()).toEqual([]);
  });
});
