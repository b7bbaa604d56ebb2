// The profile of the free plan: found out or asked for, deployed with what that plan allows, and left behind once the account is paid.
import { afterEach, expect, it } from "vitest";
import { resources, startMachine, type Machine } from "./harness.ts";

let machine: Machine;
afterEach(() => machine.stop());

const changes = (requests: readonly string[]): readonly string[] =>
  requests
    .filter((request) => !request.startsWith("GET ") && !request.endsWith("/query"))
    .map((request) => request.replaceAll(/[0-9a-f]{32}/g, "ID"));

const QUEUES = ["events", "small", "deliveries", "slow", "replays", "dead-letters"];
const SIZES = [10, 6, 10, 6, 10, 10];

/** What the Worker is deployed with, and its consumers. */
const deployed = () => {
  const { scripts, queues } = machine.standIn.state;
  const version = scripts["sluice"]?.versions.at(-1);
  const named = (type: string) => version?.bindings.filter((one) => one.type === type) ?? [];
  return {
    limits: version?.limits,
    buckets: named("r2_bucket").length,
    vars: Object.fromEntries(named("plain_text").map(({ name, text }) => [name, text])),
    sizes: Object.values(queues).flatMap(({ consumers }) => consumers.map(({ settings }) => settings["batch_size"])),
    retention: new Set(Object.values(queues).map(({ settings }) => settings["message_retention_period"])),
  };
};
const FREE_VARS = { SLUICE_PLAN: "free", RETENTION_DAYS: "3", RECORD_LIMIT_MB: "500" };

it("an account on the free plan, without R2, gets the profile by itself, and is told what it can carry", async () => {
  machine = await startMachine({ plan: "free", r2: false });
  const { error, output, requests } = await machine.deploy();
  expect(error).toBeNull();
  for (const words of ["about 3,300 webhooks a day", "bodies of up to 96 KB", "a test webhook was delivered"])
    expect(output).toContain(words);
  expect(deployed()).toMatchObject({ buckets: 0, vars: FREE_VARS, sizes: SIZES, retention: new Set([86_400]) });
  expect(deployed().limits ?? {}).toEqual({});
  const made = changes(requests);
  // The queue that tells the plan comes first, and is used.
  expect(made.slice(0, 4)).toEqual([
    "POST /queues",
    "PATCH /queues/ID",
    "POST /d1/database",
    "POST /storage/kv/namespaces",
  ]);
  expect(made.filter((request) => request === "POST /queues")).toHaveLength(QUEUES.length);
  expect(made.filter((request) => request.includes("/r2/"))).toEqual([]);
  expect(made.filter((request) => request.startsWith("PATCH /queues"))).toHaveLength(1);

  const before = resources(machine);
  const again = await machine.deploy("--no-check");
  expect([again.error, resources(machine), deployed().vars]).toEqual([
    null,
    before,
    expect.objectContaining(FREE_VARS),
  ]);
  expect(changes(again.requests)).toEqual([
    // Refused again: the account may have become a paid one.
    "PATCH /queues/ID",
    "POST /workers/scripts/sluice/assets-upload-session",
    "POST /workers/scripts/sluice/versions",
    "POST /workers/scripts/sluice/deployments",
    "PATCH /workers/scripts/sluice/script-settings",
    "POST /workers/scripts/sluice/subdomain",
    "PUT /workers/scripts/sluice/schedules",
    ...QUEUES.map(() => "PUT /queues/ID/consumers/ID"),
  ]);

  Object.assign(machine.standIn.state.settings, { plan: "paid", r2: true });
  expect((await machine.deploy("--no-check")).error).toBeNull();
  const paid = deployed();
  expect(paid).toMatchObject({ buckets: 1, sizes: [100, 6, 100, 6, 100, 100], retention: new Set([1_209_600]) });
  expect([paid.limits, paid.vars["SLUICE_PLAN"], paid.vars["RETENTION_DAYS"]]).toEqual([
    { cpu_ms: 300_000 },
    undefined,
    "14",
  ]);
});

it("--plan free asks nothing of the queues, uses a bucket where there is R2, and says in a dry run what it would do", async () => {
  machine = await startMachine();
  const dry = await machine.deploy("--plan", "free", "--dry-run");
  expect([dry.error, changes(dry.requests)]).toEqual([null, []]);
  expect(dry.output).toContain("about 3,300 webhooks a day");
  expect(dry.output).not.toMatch(/14 days|find out the account's plan/);
  const { error, requests } = await machine.deploy("--plan", "free", "--no-check");
  expect([error, changes(requests).filter((request) => request.startsWith("PATCH /queues"))]).toEqual([null, []]);
  expect(deployed()).toMatchObject({ buckets: 1, vars: FREE_VARS, sizes: SIZES });
  const wrong = await machine.deploy("--plan", "fre");
  expect([wrong.error, wrong.requests]).toEqual([expect.stringContaining('--plan is "fre"'), []]);
});

it("another refusal of a queue's setting is not taken for the free plan", async () => {
  machine = await startMachine();
  await machine.deploy("--no-check");
  for (const { settings } of Object.values(machine.standIn.state.queues)) settings["message_retention_period"] = 3_600;
  machine.standIn.failing = (method) => (method === "PATCH" ? { status: 400, code: 10999 } : null);
  const { error, requests } = await machine.deploy("--no-check");
  expect([error, requests.filter((request) => request.includes("/versions"))]).toEqual([
    expect.stringContaining("10999"),
    [],
  ]);
});
