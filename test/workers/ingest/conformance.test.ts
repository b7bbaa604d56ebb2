// Whatever comes in goes out as it came: one table, from the request that a source accepts to the request that fetch() is given.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { httpSender } from "../../../src/outbound/index.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { createRoute, createWorld } from "../harness.ts";

interface Case {
  readonly name: string;
  readonly method?: string;
  /** Behind the slug, as sent. */
  readonly target?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly arrives?: {
    /** Where the target cannot go out exactly as it came. */
    readonly target?: string;
    readonly headers?: Readonly<Record<string, string | null>>;
    readonly body?: string;
  };
}

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(values);
const every = (length: number): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i++) out[i] = (i * 31 + (i >> 8)) & 0xff;
  return out;
};
const gzip = async (text: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(
    await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
  );
const JSON_TYPE = ["content-type", "application/json"] as const;
const FORM =
  '--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--x\r\ncontent-disposition: form-data; name=f; filename="ü.bin"\r\n\r\n\u0000\u0001\r\n--x--\r\n';

const BODIES: readonly Case[] = [
  { name: "JSON with its key order", headers: [JSON_TYPE], body: '{"z":1,"a":2,"10":3,"9":4}' },
  { name: "JSON with integers beyond 2^53", headers: [JSON_TYPE], body: '{"id":12345678901234567890123,"n":-0}' },
  { name: "JSON with 1.0, 1e2 and 1E+2", headers: [JSON_TYPE], body: "[1.0,1e2,1E+2,0.10,1.10e-7]" },
  { name: "JSON with a key twice", headers: [JSON_TYPE], body: '{"a":1,"a":2}' },
  { name: "JSON with space, tabs and a last line end", headers: [JSON_TYPE], body: ' {\t"a" :\r\n 1 } \n' },
  { name: "JSON with lone surrogates in escapes", headers: [JSON_TYPE], body: '{"s":"\\ud83d","t":"\\udc00\\ud800"}' },
  { name: "JSON with escapes that need none", headers: [JSON_TYPE], body: '"\\u0041\\/\\u00e9\\u0000"' },
  { name: "JSON behind a byte order mark", headers: [JSON_TYPE], body: bytes(0xef, 0xbb, 0xbf, 0x7b, 0x7d) },
  { name: "what calls itself JSON and is none", headers: [JSON_TYPE], body: "{oops" },
  { name: "JSON in UTF-16", headers: [["content-type", "application/json; charset=utf-16le"]], body: bytes(0xff, 0xfe, 0x7b, 0, 0x7d, 0) },
  { name: "a form", headers: [["content-type", "application/x-www-form-urlencoded"]], body: "b=2&a=1+%20&a=&&%zz=é" },
  { name: "multipart", headers: [["content-type", 'multipart/form-data; boundary="x"']], body: FORM },
  { name: "XML", headers: [["content-type", "text/xml; charset=ISO-8859-1"]], body: bytes(0x3c, 0x61, 0x3e, 0xe9, 0x3c, 0x2f, 0x61, 0x3e) },
  { name: "text with every kind of line end", headers: [["content-type", "text/plain"]], body: "a\nb\r\nc\rd\u2028e" },
  { name: "NDJSON", headers: [["content-type", "application/x-ndjson"]], body: '{"a":1}\n{"a":2}\n\n' },
  { name: "every byte there is", headers: [["content-type", "application/octet-stream"]], body: every(256) },
  { name: "NUL bytes alone", headers: [["content-type", "text/plain"]], body: bytes(0, 0, 0) },
  { name: "invalid UTF-8 that calls itself UTF-8", headers: [["content-type", "text/plain; charset=utf-8"]], body: bytes(0xc3, 0x28, 0xf0, 0x9f, 0xff) },
  { name: "a body without a content type", body: bytes(1), arrives: { headers: { "content-type": null } } },
  { name: "an empty body with a content type", headers: [JSON_TYPE], body: "" },
  { name: "the largest body that travels in the message", body: every(96 * 1024) },
  { name: "a body one byte larger, through R2", body: every(96 * 1024 + 1) },
  { name: "a body of the default limit", body: every(1024 * 1024) },
]; // prettier-ignore

const TARGETS: readonly Case[] = [
  { name: "no path, no query", target: "" },
  { name: "an empty query", target: "?", arrives: { target: "?" } },
  { name: "a last slash", target: "/" },
  { name: "slashes in a row", target: "//a//b//" },
  { name: "percent-encodings in either case", target: "/%2F%2f%41%zz%?%2F%2f=%41&%zz=%" },
  { name: "plus and %20", target: "/a+b%20c?q=a+b%20c" },
  { name: "names twice, without value, without name", target: "?a=1&a=2&b&&=&" },
  { name: "encoded UTF-8, and what is none", target: "/%C3%A9/%FF?%C3%A9=%FF%00" },
  { name: "dots that are no dot segments", target: "/.../.a/a..b/..%2fc/a." },
  { name: "sub-delimiters", target: "/a'(b)*!~@:;=,$&+?a(b)*!~@:;,$/?" },
  { name: "an encoded question mark and hash", target: "/a%3Fb%23c?d%23e" },
  { name: "something that looks like another host", target: "//evil.test/@evil.test:80/http://evil.test" },
  { name: "something that looks like another source", target: "/in/other?/in/other" },
]; // prettier-ignore

const HEADERS: readonly Case[] = [
  { name: "a header field twice, in one line", headers: [["x-a", "1"], ["x-a", "2, 3"]], arrives: { headers: { "x-a": "1, 2, 3" } } },
  { name: "an empty header field", headers: [["x-empty", ""]], arrives: { headers: { "x-empty": "" } } },
  { name: "a long header field", headers: [["x-long", "v".repeat(8_000)]], arrives: { headers: { "x-long": "v".repeat(8_000) } } },
  { name: "a content type with odd parameters", headers: [["content-type", 'Text/X;  a="b;c" ;Q']], arrives: { headers: { "content-type": 'Text/X;  a="b;c" ;Q' } } },
  { name: "the sender's own credentials and signature", headers: [["authorization", "Bearer q"], ["x-hub-signature-256", "sha256=00"], ["cookie", "a=1; b=2"]], arrives: { headers: { authorization: "Bearer q", "x-hub-signature-256": "sha256=00", cookie: "a=1; b=2" } } },
  { name: "conditional, range and digest fields", headers: [["if-none-match", '"a"'], ["range", "bytes=0-1"], ["content-md5", "x"], ["date", "never"]], arrives: { headers: { "if-none-match": '"a"', range: "bytes=0-1", "content-md5": "x", date: "never" } } },
  { name: "nothing that is the connection's or the edge's", headers: [["connection", "x-hop, keep-alive"], ["x-hop", "1"], ["te", "trailers"], ["proxy-authorization", "p"], ["cf-ray", "1"], ["cdn-loop", "a"]], arrives: { headers: { connection: null, "x-hop": null, te: null, "proxy-authorization": null, "cf-ray": null, "cdn-loop": null } } },
]; // prettier-ignore

const METHODS: readonly Case[] = [
  { name: "PUT", method: "PUT", body: "x" },
  { name: "PATCH", method: "PATCH", body: "x" },
  { name: "DELETE with a body", method: "DELETE", body: "x" },
  { name: "DELETE without", method: "DELETE" },
  { name: "OPTIONS with a body", method: "OPTIONS", body: "x" },
  { name: "GET", method: "GET", target: "/a?b=1" },
  { name: "HEAD", method: "HEAD", target: "/a?b=1" },
];

const run = async (given: Case): Promise<{ request: Request; body: Uint8Array; slug: string }> => {
  const sent: { request: Request; body: Uint8Array }[] = [];
  const world = createWorld({
    consumer: {
      send: httpSender({
        fetch: async (input, init) => {
          const request = new Request(input, init);
          sent.push({ request, body: new Uint8Array(await request.clone().arrayBuffer()) });
          return new Response("ok");
        },
        readStored: async (key) => (await env.BODIES.get(key))?.body ?? null,
        probe: async () => true,
        now: () => 0,
      }),
    },
  });
  const { slug } = await createRoute([{ url: "https://receiver.test/base", path_forwarding: true }], {
    allowed_methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
  });
  const result = await world.accept(`/in/${slug}${given.target ?? ""}`, {
    method: given.method ?? "POST",
    headers: (given.headers ?? []).map(([name, value]) => [name, value]),
    ...(given.body === undefined ? {} : { body: typeof given.body === "string" ? utf8(given.body) : given.body }),
  });
  expect(result.ok).toBe(true);
  await world.drain();
  expect(sent).toHaveLength(1);
  const [first] = sent;
  if (first === undefined) throw new Error("nothing was sent");
  return { ...first, slug };
};

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);

describe.each([
  ["bodies", BODIES],
  ["targets", TARGETS],
  ["header fields", HEADERS],
  ["methods", METHODS],
] as const)("%s go out as they came in [G6]", (_kind, cases) => {
  it.each(cases)("$name", async (given) => {
    const { request, body } = await run(given);
    expect(request.method).toBe(given.method ?? "POST");
    expect(request.url).toBe(`https://receiver.test/base${given.arrives?.target ?? given.target ?? ""}`);
    expect(same(body, typeof given.body === "string" ? utf8(given.body) : (given.body ?? bytes()))).toBe(true);
    const expected =
      given.arrives?.headers ?? Object.fromEntries((given.headers ?? []).map(([name, value]) => [name, value]));
    for (const [name, value] of Object.entries(expected)) expect(request.headers.get(name)).toBe(value);
  });
});

describe("ids", () => {
  it("are Sluice's own in sluice-*, and a sender's idempotency-key stays", async () => {
    const { request } = await run({
      name: "",
      headers: [
        ["webhook-id", "forged"],
        ["idempotency-key", "order-7"],
        ["sluice-event-id", "forged"],
        ["sluice-delivery-id", "forged"],
      ],
    });
    expect(request.headers.get("webhook-id")).toMatch(/^evt_/);
    expect(request.headers.get("sluice-event-id")).toBe(request.headers.get("webhook-id"));
    expect(request.headers.get("sluice-delivery-id")).toMatch(/^dlv_/);
    expect(request.headers.get("idempotency-key")).toBe("order-7");
  });
});

describe("compressed bodies", () => {
  it("go out compressed as they came, with their content-encoding [G6]", async () => {
    const body = await gzip('{"a":1}'.repeat(1_000));
    const arrived = await run({ name: "", headers: [["content-encoding", "gzip"], JSON_TYPE], body });
    expect(same(arrived.body, body)).toBe(true);
    expect(arrived.request.headers.get("content-encoding")).toBe("gzip");
  });
});
