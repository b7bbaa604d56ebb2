// A first deployment that fails at any of its requests: the user reads which one, and the next run completes. Wrangler's requests are included.
import { isDeepStrictEqual } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { resources, startMachine, type Machine } from "./harness.ts";

const machines: Machine[] = [];
const start = async (): Promise<Machine> => {
  const machine = await startMachine();
  machines.push(machine);
  return machine;
};
afterAll(() => Promise.all(machines.map((machine) => machine.stop())));

const whole = await start();
const { requests } = await whole.deploy("--no-check");
const expected = resources(whole);

/** What the token may tell of itself is not needed: preflight.test.ts. Requests that differ only in the queue or the migration are tried at the first and the last of them. */
const kindOf = (request: string): string => request.replaceAll(/[0-9a-f]{32}|[0-9a-f-]{36}/g, "ID");
const TRIED = requests
  .map((request, index) => ({ request, index }))
  .filter(({ request, index }) => {
    if (request.includes("/user/tokens/")) return false;
    const kind = kindOf(request);
    const alike = requests.flatMap((other, at) => (kindOf(other) === kind ? [at] : []));
    return index === alike[0] || index === alike.at(-1);
  });

it("has the requests that are expected of it, so that each is tried below", () => {
  expect(requests.length).toBeGreaterThan(60);
  expect(TRIED.length).toBeGreaterThan(30);
});

describe.each(TRIED)("request $index, $request", ({ index }) => {
  it("may fail: the next run completes the deployment", async () => {
    const machine = await start();
    let count = 0;
    let failed = "";
    machine.standIn.failing = (method, path) => {
      if (count++ !== index) return null;
      failed = `${method} ${path}`;
      return { status: 400, code: 10999 };
    };
    const first = await machine.deploy("--no-check");
    expect(failed).not.toBe("");
    machine.standIn.failing = () => null;
    // Some questions can do without an answer.
    if (first.error === null) return expect(resources(machine)).toEqual(expected);
    expect(first.error).toContain("10999");
    // Nothing is there yet: the next run is like the first one above.
    if (isDeepStrictEqual(machine.standIn.state, (await start()).standIn.state)) return;
    const second = await machine.deploy();
    expect([second.error, resources(machine)]).toEqual([null, expected]);
    expect(second.output).toContain("a test webhook was delivered");
  });
});
