// What the commands for operating a deployment refuse, and where they stop.
import { afterEach, describe, expect, it } from "vitest";
import { rotate, type RotatePorts } from "../../scripts/operate/rotate-key.ts";
import { askConsent, tearDown } from "../../scripts/operate/teardown.ts";
import { takeInventory } from "../../scripts/deploy/inventory.ts";
import { keyIdOf } from "../stand-in/edge.ts";
import { ACCOUNT } from "../stand-in/state.ts";
import { resources, startMachine, type Machine } from "./harness.ts";

let machine: Machine;
afterEach(() => machine.stop());

describe("removing a deployment", () => {
  const answering = (...answers: string[]) => ({ ask: async () => answers.shift() ?? "", given: undefined });

  it("needs its name and a second confirmation, or its name with --yes", async () => {
    machine = await startMachine();
    await askConsent("sluice", answering("sluice", "remove everything"));
    await askConsent("sluice", { ask: null, given: "sluice" });
    for (const [consent, words] of [
      [answering("sluce"), "That is another name"],
      [answering("sluice", "yes"), "Nothing was removed"],
      [{ ask: null, given: undefined }, "say --yes sluice"],
      [{ ask: null, given: "sluice" }, 'would remove "sluice-staging"'],
    ] as const)
      await expect(askConsent(words.includes("staging") ? "sluice-staging" : "sluice", consent)).rejects.toThrow(words);
  });

  it("completes after a failure at any of its requests, and leaves another environment as it is", async () => {
    machine = await startMachine();
    await machine.deploy("--no-check", "--env", "staging");
    const staging = resources(machine);
    await machine.deploy("--no-check");
    let failures = 0;
    for (let ended = false; !ended;) {
      const seen = machine.standIn.requests.length;
      let deletions = 0;
      // Each run gets one removal further than the one before.
      machine.standIn.failing = (method) =>
        method === "DELETE" && ++deletions > 1 ? { status: 400, code: 10999 } : null;
      const { error } = await machine.watched(async (say) => {
        const inventory = await takeInventory(machine.api, ACCOUNT, machine.environment());
        await tearDown(machine.api, ACCOUNT, "sluice", inventory, say);
      });
      expect(machine.standIn.requests.length).toBeGreaterThan(seen);
      ended = error === null;
      failures += ended ? 0 : 1;
    }
    expect(failures).toBeGreaterThan(10);
    expect(resources(machine)).toEqual(staging);
  });
});

describe("rotating the master key", () => {
  it("needs every key that a secret is encrypted with", async () => {
    machine = await startMachine();
    await machine.deploy("--no-check");
    const { edge, state } = machine.standIn;
    const present = state.scripts["sluice"]?.secrets["SLUICE_MASTER_KEY"] ?? "";
    const [older, next] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString("base64"));
    edge.sealed = [{ key_id: keyIdOf(older ?? ""), secrets: 1 }];
    const ports: RotatePorts = {
      api: machine.api,
      fetch: async (url, init) => (await edge.answer(new URL(url), init)) ?? Response.error(),
      sleep: async () => undefined,
      say: () => undefined,
    };
    const target = {
      script: `/accounts/${ACCOUNT}/workers/scripts/sluice`,
      edge: "https://sluice.acme.workers.dev",
      token: state.scripts["sluice"]?.secrets["SLUICE_ADMIN_TOKEN"] ?? "",
    };
    await expect(rotate(ports, target, present, next ?? "", [])).rejects.toThrow(
      `Secrets are encrypted with a key that is not given: ${keyIdOf(older ?? "")}`,
    );
    await rotate(ports, target, present, next ?? "", [older ?? ""]);
    expect(state.scripts["sluice"]?.secrets).toMatchObject({
      SLUICE_MASTER_KEY: next,
      SLUICE_MASTER_KEYS_OLD: `${present},${older}`,
    });
  });
});
