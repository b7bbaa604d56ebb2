// Odd requests of senders, each as the bytes on the wire, with the status that it gets. Those that the local runtime refuses before Sluice sees
// them (CONNECT, an impossible host) are left out.
import { brotliCompressSync, gzipSync } from "node:zlib";

/** `arrives`: accepted, and the destination gets this body. `closed`: the connection ends without an answer. */
type Right = { readonly status: number; readonly arrives?: string | Buffer } | "closed";
export type Case = readonly [name: string, wire: Buffer, right: Right];

const CRLF = "\r\n";
interface Given {
  readonly method?: string;
  readonly target?: string;
  readonly version?: string;
  readonly host?: string | null;
  readonly fields?: readonly string[];
  readonly body?: string | Buffer;
}

/** A request to a source; with a content-length if it has a body. */
function wire({
  method = "POST",
  target = "/in/odd",
  version = "HTTP/1.1",
  host = "odd.test",
  fields = [],
  body,
}: Given): Buffer {
  const lines = [
    `${method} ${target} ${version}`,
    ...(host === null ? [] : [`Host: ${host}`]),
    "Connection: close",
    ...fields,
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return Buffer.concat([Buffer.from(lines.join(CRLF) + CRLF + CRLF, "latin1"), Buffer.from(body ?? "")]);
}
const CHUNKED = "Transfer-Encoding: chunked";
const chunked = (text: string, fields: readonly string[] = []): Buffer =>
  Buffer.concat([wire({ fields: [CHUNKED, ...fields] }), Buffer.from(text, "latin1")]);
const raw = (text: string): Buffer => Buffer.from(text, "latin1");
const arrives = (body: string | Buffer = "x"): Right => ({ status: 202, arrives: body });
const refused = (status: number): Right => ({ status });

const TARGETS: readonly Case[] = [
  ["an unknown source", wire({ target: "/in/none", body: "x" }), refused(404)],
  ["no source", wire({ target: "/in/", body: "x" }), refused(404)],
  ["the path in capitals", wire({ target: "/IN/odd", body: "x" }), refused(303)],
  ["the source in capitals", wire({ target: "/in/ODD", body: "x" }), refused(404)],
  ["a source in percent-encoding", wire({ target: "/in/%6fdd", body: "x" }), refused(404)],
  ["two slashes in front", wire({ target: "//in/odd", body: "x" }), refused(303)],
  ["dot segments", wire({ target: "/in/odd/../odd", body: "x" }), arrives()],
  ["dot segments that leave the source", wire({ target: "/in/odd/../../api/v1/sources", body: "x" }), refused(401)],
  ["encoded dot segments", wire({ target: "/in/odd/%2e%2e/%2e%2e/api", body: "x" }), refused(404)],
  ["a backslash", wire({ target: "/in\\odd", body: "x" }), arrives()],
  ["a percent sign alone", wire({ target: "/in/odd/%", body: "x" }), arrives()],
  ["bytes that are no UTF-8 in percent-encoding", wire({ target: "/in/odd/%ff%fe?%ff", body: "x" }), arrives()],
  ["an encoded null byte", wire({ target: "/in/odd/%00", body: "x" }), arrives()],
  ["latin-1 in the path", wire({ target: "/in/odd/\xfc", body: "x" }), refused(400)],
  ["quotes and brackets in the query", wire({ target: `/in/odd?a="<{}>'|`, body: "x" }), refused(400)],
  ["an empty query", wire({ target: "/in/odd?", body: "x" }), arrives()],
  ["a query of 10 KB", wire({ target: `/in/odd?${"a".repeat(10_000)}`, body: "x" }), arrives()],
  ["a query of 20 KB", wire({ target: `/in/odd?${"a".repeat(20_000)}`, body: "x" }), refused(431)],
  ["a fragment", wire({ target: "/in/odd#fragment", body: "x" }), arrives()],
  ["the whole URL", wire({ target: "http://odd.test/in/odd", body: "x" }), arrives()],
];

const METHODS: readonly Case[] = [
  ["PROPFIND", wire({ method: "PROPFIND", body: "x" }), refused(405)],
  ["TRACE", wire({ method: "TRACE" }), refused(405)],
  ["a method of its own", wire({ method: "HOOK", body: "x" }), refused(501)],
  ["a method in small letters", wire({ method: "post", body: "x" }), refused(501)],
  ["HEAD", wire({ method: "HEAD" }), refused(405)],
  ["GET with a body", wire({ method: "GET", body: "x" }), refused(405)],
];

const HEADS: readonly Case[] = [
  ["no host", wire({ host: null, body: "x" }), refused(400)],
  ["HTTP/1.0", wire({ version: "HTTP/1.0", body: "x" }), arrives()],
  ["HTTP/9.9", wire({ version: "HTTP/9.9", body: "x" }), refused(400)],
  ["no version", raw("POST /in/odd\r\n\r\n"), refused(400)],
  [
    "line feeds alone",
    raw("POST /in/odd HTTP/1.1\nHost: odd.test\nConnection: close\nContent-Length: 1\n\nx"),
    arrives(),
  ],
  ["empty lines in front", Buffer.concat([raw("\r\n\r\n"), wire({ body: "x" })]), arrives()],
  ["a header without a colon", wire({ fields: ["nonsense"], body: "x" }), refused(400)],
  ["a header without a name", wire({ fields: [": x"], body: "x" }), refused(400)],
  ["a space in front of a colon", wire({ fields: ["X-A : 1"], body: "x" }), refused(400)],
  ["a folded header", wire({ fields: ["X-A: 1", " 2"], body: "x" }), refused(400)],
  ["a null byte in a header", wire({ fields: ["X-A: a\0b"], body: "x" }), refused(400)],
  ["latin-1 in a header", wire({ fields: ["X-A: \xfc"], body: "x" }), arrives()],
  ["an empty header", wire({ fields: ["X-A:"], body: "x" }), arrives()],
  ["a header twice", wire({ fields: ["X-A: 1", "X-A: 2"], body: "x" }), arrives()],
  ["a header of 20 KB", wire({ fields: [`X-A: ${"a".repeat(20_000)}`], body: "x" }), refused(431)],
  ["a header of 200 KB", wire({ fields: [`X-A: ${"a".repeat(200_000)}`], body: "x" }), refused(431)],
  ["a hundred headers", wire({ fields: Array.from({ length: 100 }, (_, at) => `X-${at}: 1`), body: "x" }), arrives()],
  [
    "a forged identity",
    wire({ fields: ["Sluice-Event-Id: evt_forged", "Sluice-Url: http://x"], body: "x" }),
    arrives(),
  ],
  ["too many hops", wire({ fields: ["Sluice-Hops: 99"], body: "x" }), refused(508)],
  ["a count of hops that is none", wire({ fields: ["Sluice-Hops: many"], body: "x" }), refused(508)],
  ["an upgrade", wire({ fields: ["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"], body: "x" }), arrives()],
  ["HTTP/2", raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "closed"],
  ["TLS", Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]), refused(400)],
  ["text that is not HTTP", raw("hello there\r\n\r\n"), refused(400)],
];

const BODIES: readonly Case[] = [
  ["no body and no length", wire({}), arrives("")],
  ["an empty body", wire({ body: "" }), arrives("")],
  ["a body longer than announced", Buffer.concat([wire({ body: "x" }), raw("and more")]), arrives()],
  ["a length that is no number", wire({ fields: ["Content-Length: many"] }), refused(400)],
  ["a negative length", wire({ fields: ["Content-Length: -1"] }), refused(400)],
  ["two lengths", wire({ fields: ["Content-Length: 2"], body: "x" }), refused(400)],
  ["a length and chunks", chunked("1\r\nx\r\n0\r\n\r\n", ["Content-Length: 100"]), arrives()],
  ["chunks", chunked("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"), arrives("ab")],
  ["no chunk", chunked("0\r\n\r\n"), arrives("")],
  ["chunks with extensions", chunked("1;a=b\r\nx\r\n0\r\n\r\n"), arrives()],
  ["an encoding of the connection that is unknown", wire({ fields: ["Transfer-Encoding: gzip"] }), refused(400)],
  ["an expectation", wire({ fields: ["Expect: 100-continue"], body: "x" }), arrives()],
  ["gzip", wire({ fields: ["Content-Encoding: gzip"], body: gzipSync("x") }), arrives(gzipSync("x"))],
  ["br", wire({ fields: ["Content-Encoding: br"], body: brotliCompressSync("x") }), arrives(brotliCompressSync("x"))],
  ["gzip that is plain text", wire({ fields: ["Content-Encoding: gzip"], body: "plain" }), arrives("plain")],
  ["a content type that is none", wire({ fields: ["Content-Type: ;;;"], body: "x" }), arrives()],
  ["JSON that is none", wire({ fields: ["Content-Type: application/json"], body: "{" }), arrives("{")],
  [
    "JSON of 50,000 levels",
    wire({ fields: ["Content-Type: application/json"], body: "[".repeat(50_000) }),
    arrives("[".repeat(50_000)),
  ],
  ["a byte order mark", wire({ body: "\ufeff{}" }), arrives("\ufeff{}")],
  [
    "every byte",
    wire({ body: Buffer.from(Array.from({ length: 256 }, (_, at) => at)) }),
    arrives(Buffer.from(Array.from({ length: 256 }, (_, at) => at))),
  ],
  [
    "as much as the source takes",
    wire({ target: "/in/odd-small", body: "a".repeat(65_536) }),
    arrives("a".repeat(65_536)),
  ],
  ["a byte more than the source takes", wire({ target: "/in/odd-small", body: "a".repeat(65_537) }), refused(413)],
  ["a length of a petabyte", wire({ fields: ["Content-Length: 1125899906842624"] }), refused(413)],
];

export const CASES: readonly Case[] = [...TARGETS, ...METHODS, ...HEADS, ...BODIES];
