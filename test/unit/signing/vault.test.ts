import { describe, expect, it } from "vitest";
import { randomBytes } from "../../../src/kernel/random.ts";
import { concatBytes, fromBase64, toBase64, toBase64Url, utf8 } from "../../../src/kernel/bytes.ts";
import { reseal } from "../../../src/signing/reseal.ts";
import { sealUnbound } from "../../unbound-secret.ts";
import {
  configPlace,
  createVault,
  MAX_CACHED_SECRETS,
  SecretUnavailable,
  type VaultSettings,
} from "../../../src/signing/vault.ts";

const PLACE = configPlace("dst_1", "auth/token");
const PLAIN = "planted-secret-µ";
const newKey = (): string => toBase64(randomBytes(32));
const vaultWith = (change: Partial<VaultSettings> = {}) =>
  createVault({ masterKey: newKey(), oldMasterKeys: [], randomBytes, secretNamed: () => null, ...change });

async function sealed(vault: ReturnType<typeof vaultWith>, plain = PLAIN): Promise<{ sealed: string }> {
  const result = await vault.seal(plain, PLACE);
  if (!result.ok) throw new Error(result.error.detail);
  return result.value;
}

describe("the vault", () => {
  it("opens what it has sealed, and never seals the same secret to the same text [G8]", async () => {
    const vault = vaultWith();
    const [a, b] = [await sealed(vault), await sealed(vault)];
    expect(a.sealed).toMatch(/^v1\.[0-9a-f]{8}\.[A-Za-z0-9_-]+$/);
    expect(a.sealed).not.toBe(b.sealed);
    expect(a.sealed).not.toContain(PLAIN);
    expect(await vault.openSecrets([a, b], PLACE)).toEqual([PLAIN, PLAIN]);
  });

  it("does not open a sealed secret in another record, field or purpose [G8]", async () => {
    const vault = vaultWith();
    const one = await sealed(vault);
    expect(await vault.open(one, PLACE)).toEqual({ ok: true, value: PLAIN });
    const elsewhere = [
      { ...PLACE, record: "dst_2" },
      { ...PLACE, field: "auth/password" },
      { ...PLACE, purpose: "oauth_token" as const },
      { ...PLACE, purpose: "answer" as const },
    ];
    for (const place of elsewhere)
      expect(await vault.open(one, place)).toMatchObject({ ok: false, error: { reason: "tampered" } });
  });

  it("opens secrets that an earlier release sealed without a place, until they are sealed again", async () => {
    const masterKey = newKey();
    const one = await sealUnbound(masterKey, PLAIN);
    const vault = vaultWith({ masterKey });
    expect(await vault.open(one, PLACE)).toEqual({ ok: true, value: PLAIN });
    expect(await vault.currentKeyId()).not.toEqual({ ok: true, value: one.sealed.split(".")[1] });
    const spec = { auth: { token: one }, signing: { secrets: [one], retiring: [{ secret: one }] } };
    const current = await vault.currentKeyId();
    const result = await reseal(spec, "dst_1", current.ok ? current.value : "", vault);
    const again = (result.ok ? result.value : {}) as typeof spec;
    expect(JSON.stringify(again)).not.toContain(one.sealed);
    const signing = configPlace("dst_1", "signing/secrets");
    expect(await vault.openSecrets([again.auth.token], PLACE)).toEqual([PLAIN]);
    expect(await vault.openSecrets([again.signing.secrets[0] ?? one], signing)).toEqual([PLAIN]);
    expect(await vault.openSecrets([again.signing.retiring[0]?.secret ?? one], signing)).toEqual([PLAIN]);
    expect(await vault.open(again.auth.token, signing)).toMatchObject({ error: { reason: "tampered" } });
  });

  it("leaves text of the form of a sealed secret alone where no secret can be, so that it stops no resealing", async () => {
    const masterKey = newKey();
    const vault = vaultWith({ masterKey });
    const current = await vault.currentKeyId();
    const own = { sealed: "v1.00000000.AAAA" };
    const spec = { response: { headers: own }, auth: { token: await sealUnbound(masterKey, PLAIN) } };
    const result = await reseal(spec, "dst_1", current.ok ? current.value : "", vault);
    const again = (result.ok ? result.value : {}) as typeof spec;
    expect(again.response).toEqual({ headers: own });
    expect(await vault.openSecrets([again.auth.token], PLACE)).toEqual([PLAIN]);
    expect(JSON.stringify(again.auth)).not.toBe(JSON.stringify(spec.auth));
  });

  it("names the sealing key by the first 8 digits of its SHA-256", async () => {
    const masterKey = newKey();
    const bytes = fromBase64(masterKey) ?? new Uint8Array();
    const digest = await crypto.subtle.digest("SHA-256", concatBytes([utf8("sluice bound secrets\n"), bytes]));
    const id = Buffer.from(digest).toString("hex").slice(0, 8);
    const vault = vaultWith({ masterKey });
    expect((await sealed(vault)).sealed.split(".")[1]).toBe(id);
    expect(await vault.currentKeyId()).toEqual({ ok: true, value: id });
  });

  it("opens with an earlier key and seals with the current one", async () => {
    const former = newKey();
    const before = await sealed(vaultWith({ masterKey: former }));
    const rotated = vaultWith({ oldMasterKeys: [newKey(), former] });
    expect(await rotated.open(before, PLACE)).toEqual({ ok: true, value: PLAIN });
    expect((await sealed(rotated)).sealed.split(".")[1]).not.toBe(before.sealed.split(".")[1]);
  });

  it("opens nothing that is bound to no place once the master key has been rotated and the former one is gone [G8]", async () => {
    const former = newKey();
    const copy = await sealUnbound(former, PLAIN);
    const rotated = newKey();
    expect(await vaultWith({ masterKey: rotated, oldMasterKeys: [former] }).open(copy, PLACE)).toMatchObject({
      ok: true,
    });
    expect(await vaultWith({ masterKey: rotated }).open(copy, PLACE)).toMatchObject({
      error: { reason: "key_unknown" },
    });
  });

  it("does not open a secret whose key is gone, or one that was changed anywhere [G8]", async () => {
    const masterKey = newKey();
    const vault = vaultWith({ masterKey, oldMasterKeys: [newKey()] });
    const one = await sealed(vault);
    const [, keyId = "", payload = ""] = one.sealed.split(".");
    expect(await vaultWith().open(one, PLACE)).toEqual({ ok: false, error: { reason: "key_unknown", name: keyId } });
    const bytes = fromBase64(payload) ?? new Uint8Array();
    for (const at of [0, 12, bytes.byteLength - 1]) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      const result = await vault.open({ sealed: `v1.${keyId}.${toBase64Url(changed)}` }, PLACE);
      expect(result).toEqual({ ok: false, error: { reason: "tampered", name: keyId } });
    }
    for (const short of ["", "AA", toBase64Url(bytes.slice(0, 12))])
      expect((await vault.open({ sealed: `v1.${keyId}.${short}` }, PLACE)).ok).toBe(false);
  });

  it.each([
    null,
    "",
    "too short",
    toBase64(randomBytes(16)),
    toBase64(randomBytes(33)),
    "a master key that is no base64 of 32 bytes at all!!",
  ])("refuses to seal under the master key %j and says what it wants", async (masterKey) => {
    const result = await vaultWith({ masterKey }).seal(PLAIN, PLACE);
    expect(result).toMatchObject({ ok: false, error: { reason: "vault_misconfigured" } });
    if (!result.ok) {
      expect(result.error.detail).toContain("SLUICE_MASTER_KEY must be base64 of 32 bytes");
      if (masterKey) expect(result.error.detail).not.toContain(masterKey);
    }
  });

  it("refuses to seal when an earlier key is malformed, but still opens with the valid ones", async () => {
    const masterKey = newKey();
    const one = await sealed(vaultWith({ masterKey }));
    const vault = vaultWith({ masterKey, oldMasterKeys: ["nonsense"] });
    expect(await vault.seal(PLAIN, PLACE)).toMatchObject({
      error: { detail: expect.stringContaining("SLUICE_MASTER_KEYS_OLD") },
    });
    expect(await vault.open(one, PLACE)).toEqual({ ok: true, value: PLAIN });
  });

  it("reads references from the Worker's secrets, and names a missing one", async () => {
    const vault = vaultWith({ secretNamed: (name) => (name === "STRIPE" ? PLAIN : null) });
    expect(await vault.openSecrets([{ secret: "STRIPE" }], PLACE)).toEqual([PLAIN]);
    await expect(vault.openSecrets([{ secret: "STRIPE" }, { secret: "GITHUB" }], PLACE)).rejects.toThrow(
      "secret_missing: GITHUB",
    );
    await expect(vault.openSecrets([{ secret: "GITHUB" }], PLACE)).rejects.toBeInstanceOf(SecretUnavailable);
  });

  it("caches a bounded number of opened secrets", async () => {
    const vault = vaultWith();
    const all = await Promise.all(
      Array.from({ length: MAX_CACHED_SECRETS + 5 }, (_, index) => sealed(vault, `secret ${index}`)),
    );
    for (const round of [1, 2]) {
      const opened = await vault.openSecrets(all, PLACE);
      expect([round, opened[0], opened.at(-1)]).toEqual([round, "secret 0", `secret ${MAX_CACHED_SECRETS + 4}`]);
    }
  });
});
