// Events that came before their connection, as a user meets them on a running Sluice; and requests with a misspelt parameter.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSystem, type System } from "./harness.ts";

let system: System;

beforeAll(async () => {
  system = await startSystem();
});

afterAll(() => system.stop());

/** A request to the API as it is, and its whole answer. */
async function ask(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const { origin, token } = system.client;
  const response = await fetch(`${origin}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: await response.json<Record<string, unknown>>() };
}
const settled = (id: string, status: string) =>
  expect.poll(async () => (await system.client.event(id)).status, { timeout: 120_000 }).toBe(status);

describe("events that no connection took", () => {
  it("are delivered one by one or in bulk once there is a connection, each once, byte for byte", async () => {
    await system.client.call("POST /sources", { body: { slug: "early" } });
    const bodies = ["one", "two", "three", "four"];
    const ids: string[] = [];
    for (const body of bodies) ids.push(await system.post("early", body));
    for (const id of ids) await settled(id, "ignored");
    const refused = await ask("POST", `/events/${ids[0]}/replay`);
    expect([refused.status, refused.json["code"]]).toEqual([409, "nothing_matches"]);
    await system.client.call("POST /destinations", { body: { slug: "early", url: `${system.target}/early` } });
    await system.client.call("POST /connections", { body: { source: "early", destination: "early" } });
    expect((await ask("POST", `/events/${ids[0]}/replay`)).status).toBe(202);
    await settled(ids[0] ?? "", "delivered");
    const wanted = { source: "early", status: "ignored" };
    for (const query of ["?dryrun=true", "?dry_run=1"]) {
      const misspelt = await ask("POST", `/replays${query}`, wanted);
      expect([misspelt.status, misspelt.json["code"]]).toEqual([422, "invalid"]);
    }
    const plan = await ask("POST", "/replays?dry_run=true", wanted);
    expect([plan.status, plan.json]).toMatchObject([200, { matched: 3, matched_exact: true }]);
    expect((await ask("GET", "/replays")).json["data"]).toEqual([]);
    const run = await ask("POST", "/replays", wanted);
    expect(run.status).toBe(202);
    for (const id of ids) await settled(id, "delivered");
    await expect
      .poll(async () => (await ask("GET", `/replays/${String(run.json["id"])}`)).json, { timeout: 120_000 })
      .toMatchObject({ status: "done", matched: 3, queued: 3, done: 3, failed: 0 });
    expect(
      system
        .to("early")
        .map(({ body }) => body.toString())
        .sort(),
    ).toEqual(bodies.toSorted());
    expect((await ask("GET", "/ledger")).json["balanced"]).toBe(true);
  });

  it.each([
    ["/deliveries?conection=x", "/query/conection"],
    ["/deliveries?connection=nobody", "/query/connection"],
    ["/ledger?source=nobody", "/query/source"],
    ["/events?limit=5&limit=6", "/query/limit"],
    ["/sources/early?verbose=true", "/query/verbose"],
  ])("GET %s is refused with the name of the parameter", async (path, pointer) => {
    const { status, json } = await ask("GET", path);
    expect([status, json]).toMatchObject([422, { code: "invalid", errors: [{ pointer }] }]);
  });
});
