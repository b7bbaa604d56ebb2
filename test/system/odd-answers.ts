// Odd answers of destinations, each as the bytes on the wire, with the right outcome of the delivery.
import type { Socket } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";

/** Bytes that are sent, after which the connection closes; or what to do with the connection once the request has come. */
type Wire = string | Buffer | ((socket: Socket) => void);

/**
 * `delivered`: at the first try. `noted`: with a remark on its body. `retrying` and `dead` with the error, and the seconds until the next
 * attempt where the answer names them.
 */
type Outcome =
  "delivered" | "delivered, noted" | `retrying: ${string}` | `retrying in ${number}: ${string}` | `dead: ${string}`;

export type Case = readonly [name: string, wire: Wire, outcome: Outcome];

const CRLF = "\r\n";
const head = (status: number | string, headers: readonly string[] = []): string =>
  [`HTTP/1.1 ${status} Words`, ...headers, "", ""].join(CRLF);
/** A complete answer. */
const whole = (status: number | string, headers: readonly string[] = [], body = ""): string =>
  head(status, [`content-length: ${Buffer.byteLength(body)}`, ...headers]) + body;
const bytes = (text: string, body: Uint8Array): Buffer => Buffer.concat([Buffer.from(text), body]);
/** Sends this and leaves the connection open. */
const stay =
  (text: string | Buffer) =>
  (socket: Socket): void =>
    void socket.write(text);
const reset =
  (text: string) =>
  (socket: Socket): void => {
    if (text === "") socket.resetAndDestroy();
    else socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 100));
  };
const CHUNKED = ["transfer-encoding: chunked"];
const encoded = (encoding: string, body: Uint8Array): Buffer =>
  bytes(head(200, [`content-encoding: ${encoding}`, `content-length: ${body.byteLength}`]), body);
const TEXT = Buffer.from("plain text");

const SUCCESSES: readonly Case[] = [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 250, 299].map((status) => [
  `a ${status}`,
  status === 204 || status === 205 ? head(status) : whole(status, [], "ok"),
  "delivered",
]);

const REDIRECTS: readonly Case[] = [300, 301, 302, 303, 304, 305, 307, 308].map((status) => [
  `a ${status}`,
  status === 304 ? head(304) : whole(status, ["location: /elsewhere"]),
  "retrying: redirect",
]);

// prettier-ignore
const FAILURES: readonly Case[] = [
  400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499,
  500, 501, 502, 503, 504, 505, 506, 507, 511, 520, 525, 530, 599,
].map((status) => [`a ${status}`, whole(status, [], "no"), "retrying: http_status"]);

const FINAL: readonly Case[] = [
  ["a 410", whole(410), "dead: gone: http_status"],
  ["a 489", whole(489), "dead: aborted_by_receiver: http_status"],
  ["a 508", whole(508), "dead: not_retryable: loop"],
  ["a 400 that aborts", whole(400, ["webhook-delivery: abort-message"]), "dead: aborted_by_receiver: http_status"],
  [
    "a 500 that aborts in capitals",
    whole(500, ["Webhook-Delivery: ABORT-MESSAGE"]),
    "dead: aborted_by_receiver: http_status",
  ],
  ["a 500 that disables", whole(500, ["webhook-delivery: disable"]), "dead: aborted_by_receiver: http_status"],
  ["a 200 that aborts", whole(200, ["webhook-delivery: abort-message"]), "delivered"],
  ["a 200 that disables", whole(200, ["webhook-delivery: disable"]), "delivered"],
  ["a 500 with an unknown word", whole(500, ["webhook-delivery: whatever"]), "retrying: http_status"],
  ["a 410 whose body breaks off", reset(head(410, ["content-length: 10"]) + "a"), "dead: gone: reset"],
  ["a 503 that says never", whole(503, ["retry-after: -1"]), "dead: aborted_by_receiver: http_status"],
];

/** The schedule says 600 s. A named time takes precedence, and is at most an hour. */
const TIMES: readonly Case[] = [
  ["a 503 in 900 s", whole(503, ["retry-after: 900"]), "retrying in 900: http_status"],
  ["a 429 in 900 s", whole(429, ["retry-after: 900"]), "retrying in 900: http_status"],
  ["a 404 in 900 s", whole(404, ["retry-after: 900"]), "retrying in 900: http_status"],
  ["a 301 in 900 s", whole(301, ["retry-after: 900"]), "retrying in 900: redirect"],
  ["a 503 in ten hours", whole(503, ["retry-after: 36000"]), "retrying in 3600: http_status"],
  ["a 503 in 15 min", whole(503, ["retry-after: 15m"]), "retrying in 900: http_status"],
  ["a 503 in a fraction", whole(503, ["retry-after: 900.5"]), "retrying in 900: http_status"],
  ["a 503 in the past", whole(503, ["retry-after: Wed, 21 Oct 2015 07:28:00 GMT"]), "retrying: http_status"],
  ["a 503 soon", whole(503, ["retry-after: soon"]), "retrying: http_status"],
  ["a 503 at an empty time", whole(503, ["retry-after:"]), "retrying: http_status"],
  ["a 503 twice named", whole(503, ["retry-after: 900", "retry-after: 901"]), "retrying: http_status"],
  [
    "a 503 at a date in the year 9999",
    whole(503, ["retry-after: Fri, 31 Dec 9999 23:59:59 GMT"]),
    "retrying in 3600: http_status",
  ],
  [
    "a 429 by x-ratelimit-reset",
    whole(429, ["x-ratelimit-remaining: 0", "x-ratelimit-reset: 900"]),
    "retrying in 900: http_status",
  ],
  ["a 429 by ratelimit", whole(429, ['ratelimit: "default";r=0;t=900']), "retrying in 900: http_status"],
  [
    "a 429 with something left",
    whole(429, ["x-ratelimit-remaining: 5", "x-ratelimit-reset: 900"]),
    "retrying: http_status",
  ],
  ["a 200 with a retry time", whole(200, ["retry-after: 900"]), "delivered"],
];

const ODD_BODIES: readonly Case[] = [
  ["gzip with an empty body", encoded("gzip", new Uint8Array()), "delivered, noted"],
  ["gzip that is plain text", encoded("gzip", TEXT), "delivered, noted"],
  ["gzip that is cut off", encoded("gzip", gzipSync("x".repeat(999)).subarray(0, 15)), "delivered, noted"],
  ["br that is plain text", encoded("br", TEXT), "delivered, noted"],
  ["br with an empty body", encoded("br", new Uint8Array()), "delivered, noted"],
  ["gzip as it should be", encoded("gzip", gzipSync("ok")), "delivered"],
  ["br as it should be", encoded("br", brotliCompressSync("ok")), "delivered"],
  ["deflate", encoded("deflate", deflateSync("ok")), "delivered"],
  ["an unknown encoding", encoded("rot13", TEXT), "delivered"],
  ["gzip on a 204", head(204, ["content-encoding: gzip"]), "delivered"],
  ["a body shorter than announced", head(200, ["content-length: 100"]) + "short", "delivered, noted"],
  ["a body longer than announced", head(200, ["content-length: 2"]) + "too long", "delivered"],
  ["a body that breaks off", reset(head(200, ["content-length: 100"]) + "a"), "delivered, noted"],
  ["a body until the connection closes", head(200) + "to the end", "delivered"],
  ["a body that never ends", stay(head(200) + "begun"), "delivered, noted"],
  ["no byte of an announced body", stay(head(200, ["content-length: 5"])), "delivered, noted"],
  ["an announced petabyte", stay(head(200, ["content-length: 1125899906842624"]) + "a"), "delivered, noted"],
  ["chunks", head(200, CHUNKED) + "2\r\nok\r\n0\r\n\r\n", "delivered"],
  ["chunks with extensions and trailers", head(200, CHUNKED) + "2;a=b\r\nok\r\n0\r\nx-t: 1\r\n\r\n", "delivered"],
  ["chunks that never end", stay(head(200, CHUNKED) + "2\r\nok\r\n"), "delivered, noted"],
  ["chunks without an end", head(200, CHUNKED) + "2\r\nok\r\n", "delivered, noted"],
  ["chunks with a size that is none", head(200, CHUNKED) + "zz\r\nok\r\n0\r\n\r\n", "delivered, noted"],
  ["chunks shorter than their size", head(200, CHUNKED) + "ff\r\nok\r\n0\r\n\r\n", "delivered, noted"],
  [
    "a 201 with broken gzip",
    bytes(head(201, ["content-encoding: gzip", "content-length: 10"]), TEXT),
    "delivered, noted",
  ],
  ["a 207 whose body breaks off", head(207, ["content-length: 100"]) + '{"results":[', "delivered, noted"],
  [
    "a 500 with broken gzip",
    bytes(head(500, ["content-encoding: gzip", "content-length: 10"]), TEXT),
    "retrying: reset",
  ],
  ["a 500 whose body never ends", stay(head(500) + "begun"), "retrying: timeout"],
  ["a megabyte", whole(200, [], "a".repeat(1_000_000)), "delivered"],
  ["bytes that are no text", bytes(head(200, ["content-length: 4"]), Buffer.from([0, 255, 254, 1])), "delivered"],
];

const ODD_HEADS: readonly Case[] = [
  ["no reason phrase", "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", "delivered"],
  ["an empty reason phrase", "HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n", "delivered"],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nok", "delivered"],
  ["line feeds alone", "HTTP/1.1 200 OK\ncontent-length: 2\n\nok", "delivered"],
  ["a reason phrase in UTF-8", "HTTP/1.1 200 schön\r\ncontent-length: 0\r\n\r\n", "delivered"],
  ["header names in capitals", "HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 2\r\n\r\nok", "delivered"],
  ["a header value in UTF-8", whole(200, ["x-name: Zürich"]), "delivered"],
  ["a header twice", whole(200, ["x-a: 1", "x-a: 2"]), "delivered"],
  ["an empty header value", whole(200, ["x-a:"]), "delivered"],
  [
    "a hundred headers",
    whole(
      200,
      Array.from({ length: 100 }, (_, at) => `x-${at}: ${at}`),
    ),
    "delivered",
  ],
  ["a header of 8 KB", whole(200, [`x-long: ${"a".repeat(8_000)}`]), "delivered"],
  ["cookies", whole(200, ["set-cookie: a=1", "set-cookie: b=2; HttpOnly"]), "delivered"],
  ["a 100 first", `HTTP/1.1 100 Continue\r\n\r\n${whole(200)}`, "delivered"],
  ["a 103 first", `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${whole(200)}`, "delivered"],
  ["two answers", whole(200) + whole(500), "delivered"],
  ["a connection that stays open", stay(whole(200)), "delivered"],
  ["a head byte by byte", (socket) => trickle(socket, whole(200, [], "ok")), "delivered"],
  ["nothing", "", "retrying: reset"],
  ["a reset", reset(""), "retrying: reset"],
  ["silence", stay(""), "retrying: timeout"],
  ["half a head and silence", stay("HTTP/1.1 200 OK\r\nx-a: "), "retrying: timeout"],
  ["half a head", "HTTP/1.1 200 OK\r\nx-a: ", "retrying: reset"],
  ["text that is not HTTP", "hello there\r\n\r\n", "retrying: reset"],
  ["a status that is no number", "HTTP/1.1 abc OK\r\n\r\n", "retrying: reset"],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n", "retrying: reset"],
  ["a status below 100", whole("099"), "retrying: reset"],
  ["a status of 999", whole(999), "retrying: http_status"],
  ["HTTP/2", bytes("", Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100])), "retrying: reset"],
  ["TLS", bytes("", Buffer.from([0x15, 3, 1, 0, 2, 2, 70])), "retrying: reset"],
  ["a header without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 0\r\n\r\n", "retrying: reset"],
  ["a header of 1 MB", whole(200, [`x-long: ${"a".repeat(1_000_000)}`]), "retrying: reset"],
  ["a length that is no number", head(200, ["content-length: many"]) + "ok", "retrying: reset"],
  ["two lengths", head(200, ["content-length: 2", "content-length: 3"]) + "ok", "retrying: reset"],
  ["a 101", head(101, ["connection: upgrade", "upgrade: websocket"]), "retrying: http_status"],
];

function trickle(socket: Socket, text: string): void {
  const rest = text.slice(1);
  socket.write(text.slice(0, 1), () => (rest === "" ? socket.end() : setTimeout(() => trickle(socket, rest), 2)));
}

export const CASES: readonly Case[] = [
  ...SUCCESSES,
  ...REDIRECTS,
  ...FAILURES,
  ...FINAL,
  ...TIMES,
  ...ODD_BODIES,
  ...ODD_HEADS,
];
