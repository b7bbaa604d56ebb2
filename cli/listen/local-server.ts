// Sends a request to a server on this machine, as it came in, and reads the part of the response that Sluice stores.
import { request as httpRequest, type ClientRequest } from "node:http";
import type { WholeRequest } from "./protocol.ts";

export interface LocalResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** Why there is no response: one of Sluice's codes, and words for the user. */
export interface LocalFailure {
  readonly error: "connect_refused" | "timeout" | "reset" | "dns" | "network";
  readonly detail: string;
}

export interface Target {
  readonly port: number;
  /** Stands before each request's own path. Empty, or begins with a slash. */
  readonly path: string;
}

/** Never throws. */
export type CallServer = (target: Target, request: WholeRequest) => Promise<LocalResponse | LocalFailure>;

/** A callback may need this much. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_HEADERS = 100;
const MAX_HEADER_LENGTH = 512;

const CODES: Readonly<Record<string, LocalFailure["error"]>> = {
  ECONNREFUSED: "connect_refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  ENOTFOUND: "dns",
};

/** `/hooks` and `/orders?x=1` are `/hooks/orders?x=1`. */
export const joinPath = (before: string, target: string): string =>
  before === "" ? target : before.replace(/\/$/, "") + (/^\/(\?|$)/.test(target) ? target.slice(1) : target);

export const callServer: CallServer = ({ port, path }, { head, body }) =>
  new Promise((resolve) => {
    const own = head.headers.filter(([name]) => !/^(host|content-length|connection|transfer-encoding)$/i.test(name));
    const hasBody = body.byteLength > 0 || !["GET", "HEAD"].includes(head.method);
    const headers = [
      ...own,
      ["host", `localhost:${port}`],
      ["connection", "close"],
      ...(hasBody ? [["content-length", String(body.byteLength)]] : []),
    ];
    // Before Sluice itself gives up, so that the record says what the server did.
    const signal = AbortSignal.timeout(Math.max(100, head.timeout_ms - 250));
    const fail = (error: NodeJS.ErrnoException): void => {
      const cause = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
      const code = signal.aborted ? "timeout" : (CODES[cause.code ?? ""] ?? "network");
      resolve({ error: code, detail: code === "timeout" ? "The server did not answer in time." : cause.message });
    };
    let request: ClientRequest;
    try {
      request = httpRequest({
        host: "localhost",
        port,
        method: head.method,
        path: joinPath(path, head.target),
        headers: headers.flat(),
        signal,
      });
    } catch (error) {
      // What is no HTTP request to Node.
      return resolve({ error: "network", detail: error instanceof Error ? error.message : String(error) });
    }
    request.on("error", fail);
    request.on("response", (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      const end = (): void => {
        const pairs = response.rawHeaders.flatMap((name, index, all) =>
          index % 2 === 0 ? [[name.slice(0, 128), (all[index + 1] ?? "").slice(0, MAX_HEADER_LENGTH)] as const] : [],
        );
        const { statusCode: status = 0 } = response;
        // Node takes any three digits.
        if (status < 200 || status > 599)
          return resolve({ error: "network", detail: `The server answered with the status ${status}.` });
        resolve({
          status,
          headers: pairs.slice(0, MAX_HEADERS),
          body: Buffer.concat(parts).subarray(0, MAX_BODY_BYTES),
        });
      };
      response.on("data", (part: Buffer) => {
        parts.push(part);
        size += part.byteLength;
        if (size < MAX_BODY_BYTES) return;
        end();
        response.destroy();
      });
      response.on("end", end);
      response.on("error", fail);
    });
    request.end(body);
  });
