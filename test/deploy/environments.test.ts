// Environments that share nothing, custom domains, and updates whose triggers fail.
import { afterEach, describe, expect, it } from "vitest";
import { laneOfQueue } from "../../src/worker/queues.ts";
import { MIGRATIONS, resources, startMachine, type Machine } from "./harness.ts";

let machine: Machine;
afterEach(() => machine.stop());

const variables = (worker: string): Record<string, unknown> =>
  Object.fromEntries(
    (machine.standIn.state.scripts[worker]?.versions.at(-1)?.bindings ?? [])
      .filter(({ type }) => type === "plain_text")
      .map(({ name, text }) => [name, text]),
  );

describe("staging beside production", () => {
  it("shares no resource with it, and leaves it as it is", async () => {
    machine = await startMachine();
    await machine.deploy();
    const { scripts } = machine.standIn.state;
    const [production, bindings] = [resources(machine), scripts["sluice"]?.versions.at(-1)?.bindings];
    const { error, output } = await machine.deploy("--env", "staging");
    expect(error).toBeNull();
    expect(output).toContain("https://sluice-staging.acme.workers.dev/in/{source}");
    const both = resources(machine);
    expect(both.databases.map(({ name }) => name)).toEqual(["sluice", "sluice-staging"]);
    expect([both.namespaces, both.buckets]).toEqual([
      ["sluice-routes", "sluice-staging-routes"],
      ["sluice-bodies", "sluice-staging-bodies"],
    ]);
    expect(both.queues.slice(0, 6)).toEqual(production.queues);
    expect(both.queues.slice(6).map(({ name }) => name.replace("sluice-staging-", "sluice-"))).toEqual(
      production.queues.map(({ name }) => name),
    );
    expect(scripts["sluice"]?.versions.at(-1)?.bindings).toBe(bindings);
    const named = (name: string) =>
      new Map(scripts[name]?.versions.at(-1)?.bindings.map((binding) => [binding.name, binding]));
    const [own, others] = [named("sluice-staging"), named("sluice")];
    expect([...own.keys()].sort()).toEqual([...others.keys()].sort());
    for (const [name, binding] of own)
      if (!["plain_text", "durable_object_namespace"].includes(binding.type))
        expect(binding, name).not.toEqual(others.get(name));
    expect(scripts["sluice-staging"]?.secrets).not.toEqual(scripts["sluice"]?.secrets);
    for (const { name, consumers } of both.queues.slice(6)) {
      expect(consumers.map(({ script }) => script)).toEqual(["sluice-staging"]);
      expect(laneOfQueue(name)).toBe(laneOfQueue(name.replace("-staging", "")));
    }
  });

  it("has the variables of its own in environments.json, and the others of wrangler.toml", async () => {
    machine = await startMachine();
    await machine.deploy("--no-check", "--env", "staging");
    expect(variables("sluice-staging")).toMatchObject({ LOG_LEVEL: "debug", RETENTION_DAYS: "14" });
  });

  it("is refused where it is not defined, before any request", async () => {
    machine = await startMachine();
    const { error, requests } = await machine.deploy("--env", "stagin");
    expect(error).toContain('There is no environment "stagin". Defined are: production, staging.');
    expect(requests).toEqual([]);
  });
});

describe("a custom domain", () => {
  const withDomain = (): void =>
    void (machine.config = { ...machine.config, routes: [{ pattern: "hooks.example.com", custom_domain: true }] });

  it("is attached, workers.dev stays, and both count as the deployment's own hosts", async () => {
    machine = await startMachine();
    withDomain();
    const { error, output, requests } = await machine.deploy();
    expect(error).toBeNull();
    expect(output).toContain("attached hooks.example.com; workers.dev stays");
    expect(output).toContain("https://hooks.example.com/in/{source}");
    const script = machine.standIn.state.scripts["sluice"];
    expect([script?.domains, script?.subdomain.enabled]).toEqual([[{ hostname: "hooks.example.com" }], true]);
    expect(variables("sluice")).toMatchObject({
      SLUICE_HOSTNAMES: "hooks.example.com,sluice.acme.workers.dev",
      SLUICE_URL: "https://hooks.example.com",
    });
    expect(requests.filter((request) => request.includes("/domains/"))).toEqual([
      "POST /workers/scripts/sluice/domains/changeset",
      "PUT /workers/scripts/sluice/domains/records",
    ]);
    expect((await machine.deploy()).error).toBeNull();
  });

  it("does not replace a DNS record unless it is asked to", async () => {
    machine = await startMachine({ records: ["hooks.example.com"] });
    withDomain();
    const { error, requests } = await machine.deploy();
    expect(error).toContain("hooks.example.com has a DNS record of its own.");
    expect(error).toContain("--replace-dns");
    expect(requests.filter((request) => request.startsWith("PUT") && request.includes("domains"))).toEqual([]);
    expect((await machine.deploy("--replace-dns")).error).toBeNull();
    expect(machine.standIn.state.scripts["sluice"]?.domains).toEqual([{ hostname: "hooks.example.com" }]);
  });

  it("does not leave another Worker unless it is asked to, and is not staging's because it is production's", async () => {
    machine = await startMachine();
    withDomain();
    await machine.deploy("--no-check");
    expect((await machine.deploy("--no-check", "--env", "staging")).error).toBeNull();
    expect(machine.standIn.state.scripts["sluice-staging"]?.domains).toEqual([]);
    machine.environments["staging"] = { routes: [{ pattern: "hooks.example.com", custom_domain: true }] };
    const { error } = await machine.deploy("--no-check", "--env", "staging");
    expect(error).toContain("hooks.example.com belongs to another Worker.");
  });

  it("that was attached by hand stays", async () => {
    machine = await startMachine();
    withDomain();
    await machine.deploy("--no-check");
    machine.standIn.state.scripts["sluice"]?.domains.push({ hostname: "old.example.com" });
    await machine.deploy("--no-check");
    const hosts = machine.standIn.state.scripts["sluice"]?.domains.map(({ hostname }) => hostname);
    expect(hosts).toEqual(["hooks.example.com", "old.example.com"]);
  });

  it("of a zone that is not in the account is named", async () => {
    machine = await startMachine({ zones: [] });
    withDomain();
    expect((await machine.deploy("--no-check")).error).toContain("Could not find zone for `hooks.example.com`");
  });
});

describe("an update", () => {
  const NEXT = { name: "9000_next.sql", sql: "ALTER TABLE marks ADD next integer;" };

  it("whose trigger fails has the new schema under the new code, and completes when it is repeated", async () => {
    machine = await startMachine();
    await machine.deploy("--no-check");
    machine.migrations = [...MIGRATIONS, NEXT];
    machine.standIn.failing = (method, path) =>
      method === "PUT" && path.endsWith("/schedules") ? { status: 400, code: 10999 } : null;
    const failed = await machine.deploy("--no-check");
    expect(failed.error).toContain("10999");
    const at = (start: string, all: readonly string[]): number => all.findLastIndex((one) => one.includes(start));
    expect(at("/query", failed.requests)).toBeLessThan(at("POST /workers/scripts/sluice/versions", failed.requests));
    expect(Object.values(machine.standIn.state.d1)[0]?.db.query("SELECT next FROM marks")).toHaveLength(1);
    machine.standIn.failing = () => null;
    expect((await machine.deploy()).error).toBeNull();
  });

  it("whose migration fails leaves the old code and the old schema", async () => {
    machine = await startMachine();
    await machine.deploy("--no-check");
    machine.migrations = [...MIGRATIONS, { name: NEXT.name, sql: `${NEXT.sql}\nALTER TABLE nowhere ADD x integer;` }];
    const { error, requests } = await machine.deploy("--no-check");
    expect(error).toContain("no such table: nowhere");
    expect(requests.filter((request) => request.includes("/versions"))).toEqual([]);
    const db = Object.values(machine.standIn.state.d1)[0]?.db;
    expect(() => db?.query("SELECT next FROM marks")).toThrow("no such column: next");
  });
});
