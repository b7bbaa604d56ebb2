// A first deployment, the next one, and what both ask of Cloudflare.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { MIGRATIONS, resources, startMachine, WRANGLER_TOML, type Machine } from "./harness.ts";

let machine: Machine;
afterEach(() => machine.stop());

const QUEUES = ["events", "small", "deliveries", "slow", "replays", "dead-letters"].map((name) => `sluice-${name}`);
const position = (requests: readonly string[], start: string): number =>
  requests.findIndex((request) => request.startsWith(start));

it("makes everything in one run: migrations and secrets before there is code, retention of 14 days, and a delivered test webhook", async () => {
  machine = await startMachine();
  machine.standIn.edge.slowStarts = 3;
  const { error, output, requests } = await machine.deploy();
  expect(error).toBeNull();
  const all = resources(machine);
  expect(all.databases).toEqual([{ name: "sluice", migrations: [{ n: MIGRATIONS.length }] }]);
  expect([all.namespaces, all.buckets]).toEqual([["sluice-routes"], ["sluice-bodies"]]);
  expect(all.queues.map(({ name }) => name)).toEqual(QUEUES);
  for (const { settings, consumers } of all.queues) {
    expect(settings).toMatchObject({ message_retention_period: 1_209_600 });
    expect(consumers.map(({ script }) => script)).toEqual(["sluice"]);
  }
  expect(all.workers).toEqual([
    {
      name: "sluice",
      secrets: ["SLUICE_ADMIN_TOKEN", "SLUICE_MASTER_KEY"],
      schedules: [{ cron: "* * * * *" }],
      subdomain: expect.objectContaining({ enabled: true }) as unknown,
    },
  ]);
  const uploads = requests.filter((request) => request === "PUT /workers/scripts/sluice");
  expect([uploads.length, machine.standIn.state.scripts["sluice"]?.versions.length]).toEqual([1, 1]);
  const lastMigration = requests.findLastIndex((request) => request.endsWith("/query"));
  expect(lastMigration).toBeLessThan(position(requests, "PUT /workers/scripts/sluice"));
  expect(output).toContain("a test webhook was delivered after");
  expect(machine.standIn.edge.leftOver()).toBe(0);
  for (const line of ["https://sluice.acme.workers.dev/in/{source}", "dashboard  https://sluice.acme.workers.dev/"])
    expect(output).toContain(line);
});

it("changes nothing but the version when it runs again, and sends no secret", async () => {
  machine = await startMachine();
  await machine.deploy();
  const [before, secrets] = [resources(machine), { ...machine.standIn.state.scripts["sluice"]?.secrets }];
  const { error, requests } = await machine.deploy();
  expect(error).toBeNull();
  expect(resources(machine)).toEqual(before);
  expect(machine.standIn.state.scripts["sluice"]?.secrets).toEqual(secrets);
  expect(machine.standIn.state.scripts["sluice"]?.versions).toHaveLength(2);
  const writes = requests.filter((request) => !request.startsWith("GET ") && !request.endsWith("/query"));
  expect(writes.map((request) => request.replace(/[0-9a-f]{32}/g, "ID"))).toEqual([
    "POST /workers/scripts/sluice/assets-upload-session",
    "POST /workers/scripts/sluice/versions",
    "POST /workers/scripts/sluice/deployments",
    "PATCH /workers/scripts/sluice/script-settings",
    "POST /workers/scripts/sluice/subdomain",
    "PUT /workers/scripts/sluice/schedules",
    ...QUEUES.map(() => "PUT /queues/ID/consumers/ID"),
  ]);
});

describe("the secrets", () => {
  const file = () => join(machine.root, ".sluice/sluice.env");

  it("are kept in a file for its owner's eyes, and not printed where there is no terminal", async () => {
    machine = await startMachine();
    const { output } = await machine.deploy();
    const sent = machine.standIn.state.scripts["sluice"]?.secrets ?? {};
    const kept = readFileSync(file(), "utf8");
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    for (const value of Object.values(sent)) {
      expect(kept).toContain(`="${value}"`);
      expect(output).not.toContain(value);
    }
    expect(output).toContain(`KEEP THE SECRETS: SLUICE_ADMIN_TOKEN and SLUICE_MASTER_KEY are in ${file()}`);
  });

  it("are shown once on a terminal, with a warning to keep them", async () => {
    machine = await startMachine();
    machine.terminal = true;
    const [first, second] = [await machine.deploy("--no-check"), await machine.deploy("--no-check")];
    for (const value of Object.values(machine.standIn.state.scripts["sluice"]?.secrets ?? {})) {
      expect(first.output).toContain(value);
      expect(second.output).not.toContain(value);
    }
    expect(first.output).toContain("without the master key a restored database cannot be read");
  });

  it("come from the environment where they are set there, as in CI", async () => {
    machine = await startMachine();
    const key = Buffer.alloc(32, 7).toString("base64");
    machine.env = { SLUICE_ADMIN_TOKEN: "a-token-of-a-password-manager", SLUICE_MASTER_KEY: key };
    const { error, output } = await machine.deploy();
    expect([error, machine.standIn.state.scripts["sluice"]?.secrets]).toEqual([null, machine.env]);
    expect(output).toContain("a test webhook was delivered");
    expect(output).not.toContain("KEEP THE SECRETS");
  });

  it("are not made on a machine that is thrown away, where they would be lost", async () => {
    machine = await startMachine();
    machine.env = { GITHUB_ACTIONS: "true", SLUICE_ADMIN_TOKEN: "a-token-of-a-password-manager" };
    const { error } = await machine.deploy();
    expect(error).toContain("SLUICE_MASTER_KEY (openssl rand -base64 32)");
    expect(machine.standIn.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it.each([
    ["a short token", { SLUICE_ADMIN_TOKEN: "short" }, "fewer than 24 characters"],
    ["the example's token", { SLUICE_ADMIN_TOKEN: "choose-a-long-random-string" }, "the example's value"],
    ["a malformed key", { SLUICE_MASTER_KEY: "c2hvcnQ=" }, "SLUICE_MASTER_KEY must be base64 of 32 bytes"],
  ])("are refused in words before anything is made: %s", async (_what, env, words) => {
    machine = await startMachine();
    machine.env = env;
    const { error } = await machine.deploy();
    expect(error).toContain(words);
    expect(machine.standIn.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("that are missing on a Worker are added, and the others left", async () => {
    machine = await startMachine();
    await machine.deploy("--no-check");
    const secrets = machine.standIn.state.scripts["sluice"]?.secrets ?? {};
    const { SLUICE_ADMIN_TOKEN: token, SLUICE_MASTER_KEY: key } = secrets;
    delete secrets["SLUICE_ADMIN_TOKEN"];
    expect((await machine.deploy()).error).toBeNull();
    expect(secrets).toEqual({ SLUICE_ADMIN_TOKEN: token, SLUICE_MASTER_KEY: key });
  });
});

describe("the options", () => {
  it("--dry-run tells everything and changes nothing", async () => {
    machine = await startMachine();
    const { error, output } = await machine.deploy("--dry-run");
    expect(error).toBeNull();
    expect(machine.standIn.requests.filter(({ method }) => method !== "GET")).toEqual([]);
    for (const name of ["database sluice", "KV namespace sluice-routes", "bucket sluice-bodies", ...QUEUES])
      expect(output).toContain(`would make the ${name.startsWith("sluice-") ? `queue ${name}` : name}`);
    for (const { name } of MIGRATIONS) expect(output).toContain(name);
    expect(output).toContain("would make the secrets SLUICE_ADMIN_TOKEN and SLUICE_MASTER_KEY");
    await machine.deploy("--no-check");
    expect((await machine.deploy("--dry-run")).output.split("\n").slice(1, -1)).toEqual([
      "  would deploy the Worker sluice over the present one",
      "  would answer at https://sluice.acme.workers.dev",
    ]);
  });

  it("--no-check sends nothing to the Worker", async () => {
    machine = await startMachine();
    machine.standIn.edge.slowStarts = Infinity;
    const { error, output } = await machine.deploy("--no-check");
    expect([error, output.includes("test webhook")]).toEqual([null, false]);
  });

  it("that do not exist are named", async () => {
    machine = await startMachine();
    const { error, requests } = await machine.deploy("--plain");
    expect(error).toContain("--plain");
    expect(requests).toEqual([]);
  });
});

describe("the test webhook", () => {
  it("fails the deployment in words when the Worker is not ready or does not deliver it, and leaves nothing behind", async () => {
    machine = await startMachine();
    machine.standIn.edge.slowStarts = 1_000;
    expect((await machine.deploy()).error).toContain("does not say that it is ready:\n  HTTP 404");
    machine.standIn.edge.slowStarts = 0;
    machine.standIn.edge.outcome = "dead";
    const { error } = await machine.deploy();
    expect(error).toContain(
      "accepted but not delivered. See what happened at https://sluice.acme.workers.dev/events/evt_",
    );
    expect(machine.standIn.edge.leftOver()).toBe(0);
  });

  it("is left out where the token is not known, and the last lines say so", async () => {
    machine = await startMachine();
    machine.env = { SLUICE_ADMIN_TOKEN: "a-token-of-a-password-manager" };
    await machine.deploy("--no-check");
    machine.env = {};
    const { error, output } = await machine.deploy();
    expect(error).toBeNull();
    expect(output).toContain("no test webhook was sent, because SLUICE_ADMIN_TOKEN is not set here");
  });
});

it("a Worker of the same name that is not a Sluice is left alone", async () => {
  machine = await startMachine();
  await machine.deploy("--no-check");
  const versions = machine.standIn.state.scripts["sluice"]?.versions ?? [];
  versions.splice(0, versions.length, { ...versions[0], bindings: [] } as never);
  const { error, requests } = await machine.deploy();
  expect(error).toContain('already a Worker "sluice" that is not a Sluice');
  expect(requests.filter((request) => request.startsWith("PUT"))).toEqual([]);
});

it("further databases and queues in wrangler.toml are made like the first", async () => {
  machine = await startMachine();
  const { queues, d1_databases = [] } = WRANGLER_TOML;
  machine.config = {
    ...machine.config,
    d1_databases: [...d1_databases, { binding: "DB_2", database_name: "sluice-2" }],
    queues: { ...queues, producers: [...(queues?.producers ?? []), { binding: "EVENTS_2", queue: "sluice-events-2" }] },
  };
  expect((await machine.deploy("--no-check")).error).toBeNull();
  const { databases, queues: made } = resources(machine);
  const migrations = [{ n: MIGRATIONS.length }];
  expect(databases).toEqual([
    { name: "sluice", migrations },
    { name: "sluice-2", migrations },
  ]);
  expect(made.map(({ name }) => name)).toContain("sluice-events-2");
});
