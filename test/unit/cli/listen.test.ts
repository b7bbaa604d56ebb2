import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { slugFor } from "../../../cli/listen/destination.ts";
import { callServer, joinPath } from "../../../cli/listen/local-server.ts";
import { Assembly, type ListenedRequest } from "../../../cli/listen/protocol.ts";
import { Refusal } from "../../../cli/errors.ts";
import { backoffMs } from "../../../cli/stay-connected.ts";
import { problem, sluice, type Machine, type Seen } from "./harness.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

const request = (id: number, more: Partial<ListenedRequest> = {}): ListenedRequest => ({
  type: "request",
  id,
  delivery_id: `dlv_${id}`,
  method: "POST",
  target: "/part?q=1",
  headers: [
    ["sluice-event-id", `evt_${id}`],
    ["sluice-attempt", "1"],
    ["sluice-event-type", "invoice.paid"],
    ["content-type", "application/json"],
  ],
  body_bytes: 2,
  body_base64: base64("{}"),
  timeout_ms: 5_000,
  ...more,
});

const DESTINATION = { id: "dst_1", slug: "listen-ana-laptop-local-3000", type: "listener", paused: false };

interface Stored {
  readonly destination?: object | null;
  readonly connections?: readonly object[];
  readonly listeners?: number;
}

/** The API, with what is stored there. */
const api =
  ({ destination = DESTINATION, connections = [], listeners = 0 }: Stored = {}) =>
  ({ method, path }: Seen): unknown => {
    if (method !== "GET") return { ...DESTINATION };
    if (path === "/sources")
      return {
        data: [
          { id: "src_1", slug: "shop" },
          { id: "src_2", slug: "billing" },
        ],
        next_cursor: null,
      };
    if (path.startsWith("/sources/")) return { id: path.slice(9) === "shop" ? "src_1" : "src_2", slug: path.slice(9) };
    if (path === "/connections") return { data: connections, next_cursor: null };
    if (path.endsWith("/health")) return { listeners };
    if (path.startsWith("/deliveries/")) return { connection_id: "con_1" };
    return destination ?? problem(404, "not_found");
  };

/** A Sluice whose sockets the test holds, and a command that ends when the test says so. */
function stage(change: Partial<Machine> = {}) {
  const sockets: { send: (message: object) => void; drop: (why: string) => void; heard: object[] }[] = [];
  let press: (key: string) => void = () => undefined;
  const machine: Machine = {
    api: api(),
    keys: (pressing) => (press = pressing),
    socket: (_path, on) => {
      const heard: object[] = [];
      sockets.push({
        send: (message) => on.message(JSON.stringify(message)),
        drop: (why) => on.closed(why),
        heard,
      });
      return (text) => void heard.push(JSON.parse(text) as object);
    },
    server: async () => ({ status: 200, headers: [["x-a", "1"]], body: Buffer.from("ok") }),
    ...change,
  };
  return { sockets, machine, press: (key: string) => press(key) };
}

const until = async (holds: () => boolean): Promise<void> => {
  await expect.poll(holds, { interval: 1 }).toBe(true);
};

describe("listen", () => {
  it("makes its destination and a connection from each source, and says where events go", async () => {
    const { machine, sockets, press } = stage({ api: api({ destination: null }) });
    const running = sluice("listen 3000 --path /hooks", machine);
    await until(() => sockets.length === 1);
    press("q");
    const { code, err, requests } = await running;
    expect(code).toBe(0);
    expect(err).toContain("Connected: shop, billing → listen-ana-laptop-local-3000 → http://localhost:3000/hooks\n");
    expect(err).toContain("Not connected any more. What comes for listen-ana-laptop-local-3000 within");
    expect(requests.filter(({ method }) => method === "POST").map(({ path, body }) => [path, body])).toEqual([
      ["/destinations", expect.objectContaining({ type: "listener", slug: "listen-ana-laptop-local-3000" })],
      ["/connections", { source: "src_1", destination: "dst_1", filter: null }],
      ["/connections", { source: "src_2", destination: "dst_1", filter: null }],
    ]);
  });

  it("makes nothing for a source that is not there, and names it", async () => {
    const stored = api({ destination: null });
    const { machine } = stage({
      api: (seen) => (seen.path === "/sources/nosuch" ? problem(404, "not_found") : stored(seen)),
    });
    const { code, err, requests } = await sluice("listen 3000 --source shop --source nosuch", machine);
    expect([code, err]).toEqual([1, "sluice: Refused (404 not_found)\n  There is no source nosuch.\n"]);
    expect(requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("enables the connections that it is asked for, sets their filter, and disables the others", async () => {
    const connections = [
      { id: "con_1", source: "src_1", enabled: false, filter: null },
      { id: "con_2", source: "src_2", enabled: true, filter: null },
    ];
    const { machine, sockets, press } = stage({ api: api({ connections }) });
    const running = sluice('listen 3000 --source shop --filter {"body":{"a":1}}', machine);
    await until(() => sockets.length === 1);
    press("end");
    const changed = (await running).requests.filter(({ method }) => method === "PATCH");
    expect(changed.map(({ path, body }) => [path, body])).toEqual([
      ["/connections/con_1", { enabled: true, filter: { body: { a: 1 } } }],
      ["/connections/con_2", { enabled: false }],
    ]);
  });

  it("takes nothing away from another listener, and shares with one that listens to the same", async () => {
    const connections = [{ id: "con_1", source: "src_1", enabled: true, filter: null }];
    const other = await sluice(
      "listen 3000 --source billing",
      stage({ api: api({ connections, listeners: 1 }) }).machine,
    );
    expect([other.code, other.err]).toEqual([1, expect.stringContaining("Choose another --name")]);
    const { machine, sockets, press } = stage({ api: api({ connections, listeners: 2 }) });
    const running = sluice("listen 3000 --source shop", machine);
    await until(() => sockets.length === 1);
    press("q");
    expect((await running).err).toContain("2 more on the same destination: each event goes to one of you.\n");
    const taken = await sluice(
      "listen 3000",
      stage({ api: api({ destination: { ...DESTINATION, type: "http" } }) }).machine,
    );
    expect([taken.code, taken.err]).toEqual([1, expect.stringContaining("is of type http")]);
  });

  it("answers each request with what its server said, and shows it", async () => {
    const { machine, sockets, press } = stage({ columns: 60, tty: true });
    const running = sluice("listen 3000", machine);
    await until(() => sockets.length === 1);
    sockets[0]?.send(request(1, { target: `/${"long".repeat(40)}` }));
    await until(() => sockets[0]?.heard.length === 2);
    expect(sockets[0]?.heard).toEqual([
      { type: "received", id: 1 },
      { type: "response", id: 1, status: 200, headers: [["x-a", "1"]], body_base64: base64("ok") },
    ]);
    press("q");
    const { out } = await running;
    const [start = "", end = ""] = out.split(`\u001b[32m200  0 ms\u001b[0m\n`);
    expect([start, end]).toEqual([expect.stringMatching(/\[0\] POST {2}invoice\.paid {2}\/long.*… {2}→ {2}$/), ""]);
    expect(`${start}200  0 ms`.length).toBeLessThanOrEqual(60);
  });

  it("says when a connection is disabled, by a 410 of its server or by somebody else", async () => {
    const stored = (enabled: boolean) => [
      { id: "con_1", slug: "shop-mine", source: "src_1", source_slug: "shop", enabled, filter: null },
    ];
    let enabled = true;
    let checks = 0;
    const { machine, sockets, press } = stage({
      api: (seen) => {
        if (seen.path === "/connections" && !enabled) checks += 1;
        return api({ connections: stored(enabled) })(seen);
      },
      server: async () => ({ status: 410, headers: [], body: new Uint8Array() }),
    });
    const running = sluice("listen 3000 --source shop", machine);
    await until(() => sockets.length === 1);
    enabled = false;
    sockets[0]?.send(request(1));
    await until(() => sockets[0]?.heard.length === 2);
    await until(() => checks > 2);
    press("q");
    const { err } = await running;
    expect(err).toContain("With 410 your server wants no more: the connection from the source is disabled.\n");
    expect(err.match(/The connection shop-mine is disabled/g)).toHaveLength(1);
  });

  it("says that its server does not answer, as a failure of the attempt", async () => {
    const { machine, sockets, press } = stage({
      server: async () => ({ error: "connect_refused", detail: "connect ECONNREFUSED" }),
    });
    const running = sluice("listen 3000 --json", machine);
    await until(() => sockets.length === 1);
    sockets[0]?.send(request(1));
    await until(() => sockets[0]?.heard.length === 2);
    expect(sockets[0]?.heard[1]).toEqual({
      type: "failure",
      id: 1,
      error: "connect_refused",
      detail: "connect ECONNREFUSED",
    });
    press("q");
    expect(JSON.parse((await running).out)).toMatchObject({
      delivery_id: "dlv_1",
      status: null,
      error: "connect_refused",
    });
  });

  it("connects again by itself, says when it is not connected, and gives its server nothing twice", async () => {
    let calls = 0;
    let answer: () => void = () => undefined;
    const { machine, sockets, press } = stage({
      server: async () => {
        calls += 1;
        await new Promise<void>((resolve) => (answer = resolve));
        return { status: 204, headers: [], body: new Uint8Array() };
      },
    });
    const running = sluice("listen 3000", machine);
    await until(() => sockets.length === 1);
    sockets[0]?.send(request(1));
    await until(() => calls === 1);
    sockets[0]?.drop("the connection broke");
    await until(() => sockets.length === 2);
    // It comes again under another number, while the server is still at work.
    sockets[1]?.send(request(2, { delivery_id: "dlv_1" }));
    await until(() => sockets[1]?.heard.length === 1);
    answer();
    await until(() => sockets[1]?.heard.length === 2);
    expect([calls, sockets[1]?.heard[1]]).toMatchObject([1, { type: "response", id: 2, status: 204 }]);
    press("q");
    const { err } = await running;
    expect(err).toContain("Not connected: the connection broke. Trying again in 0.5 s.\nConnected: ");
  });

  it("ends when its destination is gone or its token is refused, and not when Sluice is away", async () => {
    const away = Object.assign(new TypeError("fetch failed"), {
      cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
    });
    let asked = 0;
    const { machine, sockets } = stage({
      api: (seen) => {
        if (sockets.length === 0) return api()(seen);
        asked += 1;
        return asked < 4 ? away : problem(401, "unauthorized");
      },
    });
    const running = sluice("listen 3000", machine);
    await until(() => sockets.length === 1);
    sockets[0]?.drop("closed with 1006");
    const { code, err } = await running;
    expect([code, err]).toEqual([1, expect.stringContaining("(401 unauthorized)")]);
    expect(err.match(/Not connected: Cannot reach Sluice/g)).toHaveLength(3);
    const first = await sluice("listen 3000", stage({ api: () => away }).machine);
    expect([first.code, first.err]).toEqual([1, "sluice: Cannot reach Sluice at https://sluice.test: ECONNREFUSED\n"]);
    const refused = stage({
      socket: () => {
        throw new Refusal({ status: 409, code: "cannot_listen", title: "No listener can connect" });
      },
    });
    expect((await sluice("listen 3000", refused.machine)).err).toContain("(409 cannot_listen)");
  });

  it("replays the last request or one by its number, over the connection that it came by", async () => {
    const { machine, sockets, press } = stage();
    const running = sluice("listen 3000", machine);
    await until(() => sockets.length === 1);
    for (const id of [1, 2]) {
      sockets[0]?.send(request(id));
      await until(() => sockets[0]?.heard.length === 2 * id);
    }
    for (const key of ["r", "0", "7"]) press(key);
    await new Promise((resolve) => setTimeout(resolve, 5));
    press("q");
    const replayed = (await running).requests.filter(({ path }) => path.endsWith("/replay"));
    expect(replayed.map(({ path, body }) => [path, body])).toEqual([
      ["/events/evt_2/replay", { connection: "con_1" }],
      ["/events/evt_1/replay", { connection: "con_1" }],
    ]);
  });

  it("ends at once when it is interrupted, though Sluice does not answer", async () => {
    const server = createServer(() => undefined).listen(0, "localhost");
    await once(server, "listening");
    const url = `http://localhost:${(server.address() as AddressInfo).port}`;
    const launcher = join(import.meta.dirname, "../../../cli/sluice.js");
    const child = spawn(process.execPath, [launcher, "listen", "3000", "--url", url, "--token", "t"]);
    await once(server, "connection");
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
    server.closeAllConnections();
    server.close();
  });

  it("deletes its destination at the end if it is temporary", async () => {
    const { machine, sockets, press } = stage();
    const running = sluice("listen 3000 --temporary --name mine", machine);
    await until(() => sockets.length === 1);
    press("q");
    const { requests, err } = await running;
    expect(requests.at(-1)).toMatchObject({ method: "DELETE", path: "/destinations/mine" });
    expect(err).toContain("mine is deleted");
  });

  it.each([
    ["listen", "PORT is missing"],
    ["listen 0", "PORT must be a number from 1 to 65535"],
    ["listen shop", "PORT must be a number"],
    ["listen 3000 --path hooks", "--path must begin with a slash"],
    ["listen 3000 --filter [1]", "--filter must be a JSON object"],
  ])("refuses %s", async (argv, message) => {
    const { code, err, requests } = await sluice(argv);
    expect([code, err, requests]).toEqual([2, expect.stringContaining(message), []]);
  });
});

describe("a name that is made up", () => {
  it("is a slug of user, machine and port", () => {
    expect(slugFor("Ana Ng-Ana's-Laptop.local", 3000)).toBe("listen-ana-ng-ana-s-laptop-local-3000");
    expect(slugFor("x".repeat(90), 65_535)).toMatch(/^listen-x+-65535$/);
    expect(slugFor("x".repeat(90), 65_535).length).toBeLessThanOrEqual(64);
  });
});

describe("the waits between connections", () => {
  it("double from half a second to half a minute, and are at least half as long", () => {
    expect([0, 1, 2, 20].map((failures) => backoffMs(failures, 1))).toEqual([500, 1_000, 2_000, 30_000]);
    expect(backoffMs(0, 0)).toBe(250);
  });
});

describe("a body that comes in pieces", () => {
  it("is put together, by the number in front of each piece", () => {
    const assembly = new Assembly();
    const piece = (id: number, text: string) => new Uint8Array([0, 0, 0, id, ...Buffer.from(text)]);
    for (const id of [1, 2])
      expect(assembly.add(JSON.stringify(request(id, { body_base64: null, body_bytes: 4 })))).toBeNull();
    expect(assembly.add(piece(1, "ab"))).toBeNull();
    expect(assembly.add(piece(2, "wxyz"))?.body.toString()).toBe("wxyz");
    expect(assembly.add(piece(1, "cd"))?.body.toString()).toBe("abcd");
    expect(assembly.add(piece(3, "ab"))).toBeNull();
  });
});

describe("the server on this machine", () => {
  it.each([
    ["", "/a?x=1", "/a?x=1"],
    ["/hooks", "/", "/hooks"],
    ["/hooks", "/?x=1", "/hooks?x=1"],
    ["/hooks/", "/a", "/hooks/a"],
  ])("gets %j and %j as %j", (before, target, joined) => {
    expect(joinPath(before, target)).toBe(joined);
  });

  const serve = async (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
    const server = createServer(answer).listen(0, "localhost");
    await once(server, "listening");
    return { port: (server.address() as AddressInfo).port, stop: () => (server.closeAllConnections(), server.close()) };
  };
  const to = (port: number, head: Partial<ListenedRequest> = {}, body = "{}") =>
    callServer({ port, path: "/hooks" }, { head: request(1, head), body: Buffer.from(body) });

  it("gets method, path, headers and bytes, and its answer is cut", async () => {
    const seen: { request: IncomingMessage; body: Buffer }[] = [];
    const { port, stop } = await serve((request, response) => {
      const body: Buffer[] = [];
      request.on("data", (part: Buffer) => body.push(part));
      request.on("end", () => {
        seen.push({ request, body: Buffer.concat(body) });
        response.writeHead(202, { "x-a": "1" }).end("x".repeat(200_000));
      });
    });
    const answer = await to(port, {
      method: "PUT",
      headers: [
        ["x-b", "1"],
        ["X-B", "2"],
        ["host", "evil"],
        ["content-length", "9"],
      ],
    });
    expect(answer).toMatchObject({ status: 202, headers: expect.arrayContaining([["x-a", "1"]]) });
    expect("body" in answer && answer.body.byteLength).toBe(64 * 1024);
    expect(seen[0]?.request).toMatchObject({
      method: "PUT",
      url: "/hooks/part?q=1",
      headers: { host: `localhost:${port}`, "x-b": "1, 2", "content-length": "2" },
    });
    expect(seen[0]?.body.toString()).toBe("{}");
    stop();
  });

  it("that is away, hangs up, is late or answers what is no HTTP is a failure with a name", async () => {
    const { port, stop } = await serve((request, response) => {
      if (request.url?.endsWith("/reset") === true) request.socket.destroy();
      else if (request.url?.endsWith("/strange") === true) response.writeHead(999).end();
      else response.writeHead(200).write("never ends");
    });
    expect(await to(port, { target: "/reset" })).toMatchObject({ error: "reset" });
    expect(await to(port, { target: "/strange" })).toEqual({
      error: "network",
      detail: "The server answered with the status 999.",
    });
    expect(await to(port, { timeout_ms: 350 })).toMatchObject({ error: "timeout" });
    stop();
    expect(await to(port)).toMatchObject({ error: "connect_refused" });
    expect(await to(port, { headers: [["x-a", "\n"]] })).toMatchObject({ error: "network" });
  });
});
