import { describe, expect, it } from "vitest";
import { Problem } from "../../../src/model/problem.ts";
import { sealSecrets, withoutSecrets } from "../../../src/management/secrets.ts";
import { toBase64 } from "../../../src/kernel/bytes.ts";
import { randomBytes } from "../../../src/kernel/random.ts";
import { configPlace, createVault } from "../../../src/signing/vault.ts";

const settings = { oldMasterKeys: [], randomBytes, secretNamed: (name: string) => (name === "STRIPE" ? "s" : null) };
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
