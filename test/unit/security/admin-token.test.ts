// `npm start` says at once what is wrong with the admin token, or with the plan.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");

describe("npm start", () => {
  it.each([
    ["x".repeat(23), "free", "SLUICE_ADMIN_TOKEN has fewer than 24 characters."],
    ["choose-a-long-random-string", "free", "SLUICE_ADMIN_TOKEN is the example's value."],
    ["x".repeat(24), "fre", "SLUICE_PLAN must be free or paid."],
  ])("refuses an admin token that can be guessed, or a plan that is none: %s, %s", (token, plan, reason) => {
    const state = mkdtempSync(join(tmpdir(), "sluice-"));
    const { status, stderr, stdout } = spawnSync(process.execPath, [join(root, "scripts/start.ts")], {
      encoding: "utf8",
      env: {
        ...process.env,
        SLUICE_ADMIN_TOKEN: token,
        SLUICE_PLAN: plan,
        SLUICE_MASTER_KEY: "x",
        SLUICE_STATE: state,
      },
    });
    rmSync(state, { recursive: true });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(reason);
  });
});
