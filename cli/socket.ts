// WebSockets to Sluice. The token is in a header of the upgrade, where no log has it, so the client is `ws`: Node's own one cannot send headers.
import { WebSocket } from "ws";
import { Failure, Refusal } from "./errors.ts";
import { readProblem, reasonOf } from "./problem.ts";

export interface Socket {
  /** Does nothing once it is closed. */
  readonly send: (text: string) => void;
  readonly close: () => void;
}

export interface SocketEvents {
  readonly message: (data: string | Uint8Array) => void;
  /** Called once. @param why for the user */
  readonly closed: (why: string) => void;
}

/** Opens a WebSocket with a token. Throws `Refusal` if Sluice refuses it, `Failure` if it is unreachable. */
export type OpenSocket = (url: string, token: string, on: SocketEvents) => Promise<Socket>;

const OPENING_MS = 15_000;
/** A connection that is gone without a word, after a sleep for example, is found by pings. */
const PING_MS = 15_000;
/** More than a request that the largest body belongs to. */
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;
const MAX_PROBLEM_BYTES = 64 * 1024;

export const openSocket: OpenSocket = (url, token, on) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: OPENING_MS,
      perMessageDeflate: false,
      maxPayload: MAX_PAYLOAD_BYTES,
    });
    let isAnswered = true;
    let pings: ReturnType<typeof setInterval> | undefined;
    let why = "";
    socket.on("unexpected-response", (_request, response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on("data", (part: Buffer) => {
        if ((size += part.byteLength) <= MAX_PROBLEM_BYTES) parts.push(part);
      });
      response.on("end", () => {
        reject(new Refusal(readProblem(response.statusCode ?? 0, Buffer.concat(parts).toString())));
        socket.terminate();
      });
    });
    socket.on("open", () => {
      pings = setInterval(() => {
        if (!isAnswered) {
          why = "no sign of life";
          return socket.terminate();
        }
        isAnswered = false;
        socket.ping();
      }, PING_MS);
      resolve({
        send: (text) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(text);
        },
        close: () => socket.close(1000),
      });
    });
    socket.on("pong", () => (isAnswered = true));
    socket.on("message", (data, isBinary) => {
      isAnswered = true;
      on.message(isBinary ? new Uint8Array(data) : data.toString());
    });
    socket.on("error", (error) => {
      why = reasonOf(error);
      reject(new Failure(`Cannot reach Sluice at ${new URL(url).host}: ${why}`));
    });
    socket.on("close", (code) => {
      clearInterval(pings);
      on.closed(why || (code === 1006 ? "the connection broke" : `closed with ${code}`));
    });
  });
