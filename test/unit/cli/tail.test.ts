import { describe, expect, it } from "vitest";
import { problem, sluice, type Machine, type Seen } from "./harness.ts";

const at = (second: number): string => new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString();
const event = (n: number, more: object = {}) => ({
  id: `evt_${n}`,
  source_slug: "shop",
  event_type: "order.paid",
  received_at: at(n),
  method: "POST",
  path: "",
  query: "",
  status: "in_progress",
  ...more,
});
const delivery = (n: number, more: object = {}) => ({
  id: `dlv_${n}`,
  event_id: `evt_${n}`,
  destination_slug: "orders",
  status: "delivered",
  attempts_made: 1,
  last_response_status: 200,
  last_error: null,
  next_attempt_at: null,
  created_at: at(n),
  finished_at: at(n + 1),
  ...more,
});
const retrying = { status: "retrying", last_response_status: 500, next_attempt_at: at(59), finished_at: null };

interface Stored {
  events?: object[];
  deliveries?: object[];
}

/** Follows a Sluice whose records the test changes. */
function stage(stored: Stored, change: Partial<Machine> = {}) {
  const sockets: { say: () => void; drop: () => void }[] = [];
  let press: (key: string) => void = () => undefined;
  const asked: Seen[] = [];
  const machine: Machine = {
    api: (seen) => {
      asked.push(seen);
      const { path } = seen;
      const one = stored.deliveries?.find((found) => path === `/deliveries/${(found as { id: string }).id}`);
      if (path.startsWith("/deliveries/")) return one ?? problem(404, "not_found");
      return { data: (path === "/events" ? stored.events : stored.deliveries) ?? [], next_cursor: null };
    },
    keys: (pressing) => (press = pressing),
    socket: (_path, on) => {
      sockets.push({ say: () => on.message("changed"), drop: () => on.closed("the connection broke") });
      return () => undefined;
    },
    ...change,
  };
  return { sockets, machine, asked, press: (key: string) => press(key) };
}

const until = async (holds: () => boolean): Promise<void> => {
  await expect.poll(holds, { interval: 1 }).toBe(true);
};
const lines = (out: string): string[] => out.trimEnd().split("\n");

describe("tail", () => {
  it("shows each event once, and a delivery at each step, the oldest first", async () => {
    const stored: Stored = { events: [event(2), event(1)], deliveries: [delivery(1), delivery(2, retrying)] };
    const { machine, sockets, asked, press } = stage(stored);
    const running = sluice("tail --json", machine);
    await until(() => sockets.length === 1);
    stored.deliveries = [delivery(1), delivery(2, { attempts_made: 2, finished_at: at(60) })];
    const before = asked.length;
    sockets[0]?.say();
    await until(() => asked.length > before + 1);
    press("q");
    const { out, code } = await running;
    const seen = lines(out).map((line) => JSON.parse(line) as { kind: string; id: string; status: string });
    expect([code, seen.map(({ kind, id, status }) => `${kind} ${id} ${status}`)]).toEqual([
      0,
      [
        "event evt_1 in_progress",
        "event evt_2 in_progress",
        "delivery dlv_1 delivered",
        "delivery dlv_2 retrying",
        "delivery dlv_2 delivered",
      ],
    ]);
  });

  it("asks for what the filter names, and for deliveries alone if only these can have it", async () => {
    const asked = async (argv: string): Promise<string[]> => {
      const { machine, sockets, press } = stage({});
      const running = sluice(argv, machine);
      await until(() => sockets.length === 1);
      press("end");
      return (await running).requests.map(({ path, query: { from: _from, limit: _limit, ...query } }) =>
        [path, ...Object.entries(query).flat()].join(" "),
      );
    };
    expect(await asked("tail --source shop --type a")).toEqual([
      "/events source shop type a",
      "/deliveries source shop type a",
    ]);
    expect(await asked("tail --destination orders")).toEqual(["/deliveries destination orders"]);
    expect(await asked("tail --status retrying")).toEqual(["/deliveries status retrying"]);
    expect(await asked("tail --status ignored")).toEqual(["/events status ignored"]);
    expect(await asked("tail --status dead")).toEqual(["/events status dead", "/deliveries status dead"]);
  });

  it("names every status that it takes", async () => {
    const wrong = await sluice("tail --status foo");
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/--status must be one of .*retrying.*ignored/)]);
  });

  it("says until when a delivery waits: on which day, if not today, or for the circuit", async () => {
    const tomorrow = { ...retrying, next_attempt_at: "2026-02-03T12:00:00.000Z" };
    const parked = {
      ...retrying,
      status: "deferred",
      deferred_by: "circuit",
      next_attempt_at: tomorrow.next_attempt_at,
    };
    const { machine, sockets, press } = stage({ deliveries: [delivery(1, tomorrow), delivery(2, parked)] });
    const running = sluice("tail", machine);
    await until(() => sockets.length === 1);
    press("q");
    const shown = lines((await running).out);
    expect(shown[0]).toMatch(/retrying {2}HTTP 500 {2}next 2026-02-0\d \d\d:00:00$/);
    expect(shown[1]).toMatch(/deferred {2}HTTP 500 {2}until the circuit closes$/);
  });

  it("connects again, says so, and shows what has happened meanwhile", async () => {
    const stored: Stored = { events: [] };
    const { machine, sockets, press } = stage(stored);
    const running = sluice("tail", machine);
    await until(() => sockets.length === 1);
    stored.events = [event(1)];
    sockets[0]?.drop();
    await until(() => sockets.length === 2);
    press("q");
    const { out, err } = await running;
    expect(err).toBe("Connected.\nNot connected: the connection broke. Trying again in 0.5 s.\nConnected.\n");
    expect(out).toMatch(/^\S+ {2}evt_1 {2}shop {2}order\.paid {2}POST {2}\/\n$/);
  });

  it("looks again at deliveries that wait for long, and forgets those that are gone", async () => {
    const stored: Stored = { deliveries: [delivery(1, retrying), delivery(2, retrying)] };
    // A minute passes while it waits.
    const { machine, sockets, asked, press } = stage(stored, { now: Date.UTC(2026, 0, 31, 12) });
    const running = sluice("tail --json", machine);
    await until(() => sockets.length === 1);
    await until(() => asked.filter(({ path }) => path === "/deliveries/dlv_1").length > 1);
    stored.deliveries = [delivery(2, { attempts_made: 5 })];
    const looks = (): number => asked.filter(({ path }) => path === "/events").length;
    const before = looks();
    await until(() => looks() > before + 3);
    press("q");
    const { out } = await running;
    // Neither is asked for any more: one has ended, the other is gone.
    expect(asked.slice(-4).map(({ path }) => path)).toEqual(["/events", "/deliveries", "/events", "/deliveries"]);
    expect(lines(out).at(-1)).toContain(
      '"id":"dlv_2","event_id":"evt_2","destination_slug":"orders","status":"delivered"',
    );
    expect(lines(out)).toHaveLength(3);
  });

  it("fits the terminal", async () => {
    const id = "evt_01kb5x5hpzbw2t22ycbq03ycphabnbf3";
    const long = { id, path: `/${"long".repeat(40)}` };
    const { machine, sockets, press } = stage(
      {
        events: [event(1, long)],
        deliveries: [delivery(1, { ...retrying, event_id: id, destination_slug: "d".repeat(64) })],
      },
      { tty: true, columns: 80 },
    );
    const running = sluice("tail", machine);
    await until(() => sockets.length === 1);
    press("q");
    const shown = lines((await running).out.replaceAll("\u001b[33m", "").replaceAll("\u001b[0m", ""));
    expect(shown).toHaveLength(2);
    for (const line of shown) expect(line.length).toBeLessThanOrEqual(80);
    expect(shown[1]).toMatch(/ {2}retrying {2}HTTP 500 {2}next \d\d:\d\d:\d\d$/);
  });
});
