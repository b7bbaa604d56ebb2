// Byte for byte through a running Sluice: raw requests over sockets go in, a receiver on loopback writes down what comes out.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startSystem, type Arrival, type System } from "./harness.ts";

const MEGABYTE = 1024 * 1024;
/** Growth of all workerd processes during uploads of 20 MB: parts of 5 MiB in Sluice and in the local R2, and what the allocator keeps. */
const FIRST_UPLOAD_MAY_TAKE = 250 * MEGABYTE;
const FURTHER_UPLOADS_MAY_TAKE = 100 * MEGABYTE;

let system: System;

const digestOf = (body: Buffer): string => createHash("sha256").update(body).digest("hex");
/** By the header `x-case` of the request. */
const arrival = async (name: string): Promise<Arrival> => {
  const find = () => system.arrivals.find(({ headers }) => headers["x-case"] === name);
  return vi.waitUntil(find, { timeout: 120_000, interval: 50 });
};
/** Of a header as it is on the wire, one for each line. */
const values = ({ rawHeaders }: Arrival, name: string): string[] =>
  rawHeaders.filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);

const open = async (): Promise<Socket> => {
  const socket = connect(Number(new URL(system.client.origin).port), "127.0.0.1");
  await once(socket, "connect");
  return socket;
};
/** Throws what was answered when it is not 202. */
const accepted = async (socket: Socket): Promise<void> => {
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  await once(socket, "close");
  expect(answer.replace(/^HTTP\/1\.1 100[^]*?\r\n\r\n/, "")).toMatch(/^HTTP\/1\.1 202 /);
};
const head = (name: string, method: string, target: string, fields: readonly string[]): Buffer =>
  Buffer.from(
    [
      `${method} /in/raw${target} HTTP/1.1`,
      `Host: ${new URL(system.client.origin).host}`,
      "Connection: close",
      `X-Case: ${name}`,
      ...fields,
    ]
      .map((line) => `${line}\r\n`)
      .join("") + "\r\n",
    "latin1",
  );

interface Case {
  readonly name: string;
  readonly method?: string;
  readonly target?: string;
  readonly fields?: readonly string[];
  readonly body?: Buffer;
  readonly chunked?: boolean;
  readonly url?: string;
}

const MULTIPART = Buffer.concat([
  Buffer.from('--x\r\ncontent-disposition: form-data; name="f"; filename="a.bin"\r\ncontent-type: image/png\r\n\r\n'),
  randomBytes(3_000),
  Buffer.from("\r\n--x--\r\n"),
]);
const CASES: readonly Case[] = [
  { name: "json", fields: ["Content-Type: application/json"], body: Buffer.from('{"z":1.0,"a":12345678901234567890,"s":"\\ud83d"}\n') },
  { name: "bom-and-nul", fields: ["Content-Type: text/plain"], body: Buffer.from([0xef, 0xbb, 0xbf, 0, 0xff, 0xfe, 0, 0x0d]) },
  { name: "gzip", fields: ["Content-Type: application/json", "Content-Encoding: gzip"], body: gzipSync('{"a":1}') },
  { name: "gzip-in-name-only", fields: ["Content-Encoding: gzip"], body: Buffer.from("not compressed") },
  { name: "multipart", fields: ["Content-Type: multipart/form-data; boundary=x"], body: MULTIPART },
  { name: "chunked", fields: ["Content-Type: application/x-ndjson"], body: Buffer.from('{"a":1}\n{"a":2}\n'), chunked: true },
  { name: "empty", fields: ["Content-Type: application/json"], body: Buffer.alloc(0) },
  { name: "no-body-no-length", method: "DELETE" },
  { name: "get", method: "GET", target: "/a?b=1" },
  { name: "options", method: "OPTIONS", body: Buffer.from("x") },
  { name: "put", method: "PUT", body: Buffer.from("x") },
  { name: "expect", fields: ["Expect: 100-continue"], body: Buffer.from("x") },
  { name: "empty-query", target: "?", body: Buffer.from("x") },
  { name: "encodings", target: "//a%2F%2f//b+c%20d/..%2fe/.../?q=a+b%20c&q=%ff&&=", body: Buffer.from("x") },
  { name: "dots", target: "/a/../b", body: Buffer.from("x"), url: "/hook/b" },
]; // prettier-ignore

beforeAll(async () => {
  system = await startSystem();
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
  const url = `${system.target}/hook`;
  await system.route(
    "raw",
    { url, path_forwarding: true },
    { max_body_bytes: 25 * MEGABYTE, allowed_methods: methods },
  );
});

afterAll(() => system.stop());

describe("raw requests [G6]", () => {
  beforeAll(async () => {
    for (const { name, method = "POST", target = "", fields = [], body, chunked } of CASES) {
      const socket = await open();
      const answer = accepted(socket);
      const length =
        chunked === true
          ? ["Transfer-Encoding: chunked"]
          : body === undefined
            ? []
            : [`Content-Length: ${body.length}`];
      socket.write(head(name, method, target, [...fields, ...length]));
      if (body !== undefined && chunked === true) {
        for (const byte of body) socket.write(Buffer.from([...Buffer.from("1\r\n"), byte, ...Buffer.from("\r\n")]));
        socket.write("0\r\n\r\n");
      } else if (body !== undefined) socket.write(body);
      await answer;
    }
  });

  it.each(CASES)("arrive as they were sent: $name", async ({ name, method, target, fields, body, url }) => {
    const arrived = await arrival(name);
    expect(arrived.method).toBe(method ?? "POST");
    expect(arrived.path).toBe(url ?? `/hook${target ?? ""}`);
    expect([arrived.body.length, digestOf(arrived.body)]).toEqual([
      body?.length ?? 0,
      digestOf(body ?? Buffer.alloc(0)),
    ]);
    if (method !== "GET") expect(values(arrived, "content-length")).toEqual([String(body?.length ?? 0)]);
    expect(values(arrived, "transfer-encoding")).toEqual([]);
    for (const name of ["content-type", "content-encoding"]) {
      const sent = (fields ?? []).filter((field) => field.toLowerCase().startsWith(`${name}:`));
      expect(values(arrived, name)).toEqual(sent.map((field) => field.slice(name.length + 2)));
    }
  });
});

it("header fields arrive: repeated ones in one line, UTF-8 as it is, and none that is the connection's [G6]", async () => {
  const socket = await open();
  const answer = accepted(socket);
  const fields = [
    "X-A: 1",
    "x-a: 2",
    "X-A: 3, 4",
    "X-Empty:",
    "X-Utf: \u00c3\u00a9",
    "X-Inner:  a  b ",
    "Authorization: Bearer q",
  ];
  const hop = ["TE: trailers", "Keep-Alive: timeout=5", "Proxy-Authorization: p"];
  socket.write(head("fields", "POST", "", [...fields, ...hop, "X-Hub-Signature-256: sha256=00", "Content-Length: 1"]));
  socket.write("x");
  await answer;
  const arrived = await arrival("fields");
  const expected = {
    "x-a": "1, 2, 3, 4",
    "x-empty": "",
    "x-utf": "\u00c3\u00a9",
    "x-inner": "a  b",
    authorization: "Bearer q",
  };
  for (const [name, value] of Object.entries(expected)) expect(values(arrived, name)).toEqual([value]);
  expect(values(arrived, "x-hub-signature-256")).toEqual(["sha256=00"]);
  for (const name of ["te", "keep-alive", "proxy-authorization", "content-type"])
    expect(values(arrived, name)).toEqual([]);
});

/** Of all workerd processes that this test has started, in bytes; null where there is no /proc. */
async function residentBytes(): Promise<number | null> {
  const group = system.group();
  const names = await readdir("/proc").catch(() => null);
  if (names === null) return null;
  let bytes = 0;
  for (const pid of names.filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const [, , processGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (!stat.includes("(workerd)") || Number(processGroup) !== group) continue;
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    bytes += Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  }
  return bytes;
}

/** 20 MB in chunks of 64 KiB, of no announced length. @returns the body's digest */
async function upload(name: string): Promise<string> {
  const hash = createHash("sha256");
  const socket = await open();
  const answer = accepted(socket);
  socket.write(head(name, "POST", "", ["Transfer-Encoding: chunked"]));
  for (let sent = 0; sent < 20 * MEGABYTE; sent += 65_536) {
    const chunk = randomBytes(65_536);
    hash.update(chunk);
    if (!socket.write(Buffer.concat([Buffer.from("10000\r\n"), chunk, Buffer.from("\r\n")])))
      await once(socket, "drain");
  }
  socket.write("0\r\n\r\n");
  await answer;
  return hash.digest("hex");
}

it("takes 20 MB of unknown length again and again, byte for byte, in bounded memory [G6]", async () => {
  const before = await residentBytes();
  const check = async (name: string): Promise<void> => {
    const digest = await upload(name);
    const arrived = await arrival(name);
    expect([arrived.body.length, digestOf(arrived.body)]).toEqual([20 * MEGABYTE, digest]);
    expect(values(arrived, "content-length")).toEqual([String(20 * MEGABYTE)]);
  };
  await check("large-0");
  const first = await residentBytes();
  for (let round = 1; round <= 5; round++) await check(`large-${round}`);
  const last = await residentBytes();
  if (before === null || first === null || last === null) return;
  expect(before).toBeGreaterThan(0);
  const megabytes = (bytes: number): number => Math.round(bytes / MEGABYTE);
  console.log(
    `workerd: ${megabytes(before)} MB, ${megabytes(first)} MB after 20 MB, ${megabytes(last)} MB after 120 MB`,
  );
  expect(first - before).toBeLessThan(FIRST_UPLOAD_MAY_TAKE);
  expect(last - first).toBeLessThan(FURTHER_UPLOADS_MAY_TAKE);
});
