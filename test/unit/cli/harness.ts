// A fake machine for the command line: the test controls files, terminal and network.
import { run } from "../../../cli/run.ts";
import type { Io } from "../../../cli/io.ts";
import type { SocketEvents } from "../../../cli/socket.ts";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface Machine {
  readonly files?: Record<string, string>;
  readonly env?: Record<string, string>;
  readonly input?: string;
  readonly tty?: boolean;
  /** The width of the terminal. */
  readonly columns?: number;
  readonly answer?: string;
  readonly secret?: string;
  /** Sluice's response: a body for 200, a response, or a network error. */
  readonly api?: (request: Seen) => unknown;
  readonly now?: number;
  /** Sluice's side of each WebSocket that is opened; throws where it refuses. */
  readonly socket?: (path: string, on: SocketEvents) => (text: string) => void;
  /** The server on this machine. */
  readonly server?: Io["callServer"];
  /** Gets the function that presses a key. */
  readonly keys?: (press: (key: string) => void) => void;
}

export const TOKEN = "secret-token-of-the-test";

/** @param argv a line, or its words */
export async function sluice(argv: string | readonly string[], machine: Machine = {}) {
  const files: Record<string, string> = { ...machine.files };
  const [out, err, questions, browsed]: [string[], string[], string[], string[]] = [[], [], [], []];
  const requests: Seen[] = [];
  let now = machine.now ?? Date.UTC(2026, 0, 31, 12);
  const stream = (lines: string[]) => ({
    isTTY: machine.tty ?? false,
    ...(machine.columns === undefined ? {} : { columns: machine.columns }),
    write: (text: string | Uint8Array) =>
      void lines.push(typeof text === "string" ? text : new TextDecoder().decode(text)),
  });
  const io: Io = {
    env: machine.env ?? { SLUICE_URL: "https://sluice.test", SLUICE_TOKEN: TOKEN },
    out: stream(out),
    err: stream(err),
    interactive: machine.tty ?? false,
    now: () => now,
    random: () => 1,
    sleep: async (ms, stop) => {
      if (machine.socket === undefined) return void (now += ms);
      await new Promise((resolve) => setTimeout(resolve, 1));
      // What ends early does not pass the time.
      if (stop?.aborted !== true) now += ms;
    },
    readFile: async (path) => {
      const text = files[path];
      if (text === undefined) throw new Error("ENOENT");
      return new TextEncoder().encode(text);
    },
    writeFile: async (path, text) => void (files[path] = text),
    createFile: async (path, text) => {
      if (files[path] !== undefined) throw Object.assign(new Error(), { code: "EEXIST" });
      files[path] = text;
    },
    writePrivate: async (path, text) => void (files[path] = text),
    browse: async (url) => void browsed.push(url),
    readInput: async () => new TextEncoder().encode(machine.input ?? ""),
    version: () => "1.2.3",
    ask: async (question) => (questions.push(question), machine.answer ?? ""),
    askSecret: async (question) => (questions.push(question), machine.secret ?? ""),
    openSocket: async (url, token, on) => {
      if (token !== TOKEN || machine.socket === undefined) throw new Error("no socket");
      const send = machine.socket(url.replace("wss://sluice.test/api/v1", ""), on);
      return { send, close: () => on.closed("closed by the command") };
    },
    callServer: machine.server ?? (async () => ({ error: "connect_refused", detail: "nothing listens" })),
    whoAndWhere: "Ana-laptop.local",
    watchKeys: (pressed) => {
      machine.keys?.(pressed);
      return () => undefined;
    },
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const url = new URL(request.url);
      const text = await request.text();
      const seen = {
        method: request.method,
        path: url.origin === "https://sluice.test" ? url.pathname.replace("/api/v1", "") : url.href,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body: text === "" ? null : (JSON.parse(text) as unknown),
      };
      requests.push(seen);
      const answer = machine.api?.(seen) ?? {};
      if (answer instanceof Error) throw answer;
      return answer instanceof Response ? answer : ofSluice(answer);
    },
  };
  const code = await run(typeof argv === "string" ? argv.split(" ").filter((word) => word !== "") : argv, io);
  return { code, out: out.join(""), err: err.join(""), requests, files, questions, browsed };
}

/** A successful response as Sluice gives it. */
export const ofSluice = (body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), {
    headers: { "x-request-id": "req-1", ...headers },
  });

export const problem = (status: number, code: string, more: object = {}): Response =>
  Response.json({ title: "Refused", status, code, detail: "because", request_id: "req-1", ...more }, { status });
