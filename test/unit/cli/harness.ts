// A fake machine for the command line: the test controls files, terminal and network.
import { run } from "../../../cli/run.ts";
import type { Io } from "../../../cli/io.ts";

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
  readonly answer?: string;
  /** Sluice's response: a body for 200, a response, or a network error. */
  readonly api?: (request: Seen) => unknown;
  readonly now?: number;
}

export const TOKEN = "secret-token-of-the-test";

export async function sluice(argv: string, machine: Machine = {}) {
  const files: Record<string, string> = { ...machine.files };
  const [out, err, requests, questions]: [string[], string[], Seen[], string[]] = [[], [], [], []];
  let now = machine.now ?? Date.UTC(2026, 0, 31, 12);
  const stream = (lines: string[]) => ({
    isTTY: machine.tty ?? false,
    write: (text: string | Uint8Array) =>
      void lines.push(typeof text === "string" ? text : new TextDecoder().decode(text)),
  });
  const io: Io = {
    env: machine.env ?? { SLUICE_URL: "https://sluice.test", SLUICE_TOKEN: TOKEN },
    out: stream(out),
    err: stream(err),
    interactive: machine.tty ?? false,
    now: () => now,
    sleep: async (ms) => void (now += ms),
    readFile: async (path) => {
      const text = files[path];
      if (text === undefined) throw new Error("ENOENT");
      return new TextEncoder().encode(text);
    },
    writeFile: async (path, text) => void (files[path] = text),
    readInput: async () => new TextEncoder().encode(machine.input ?? ""),
    ask: async (question) => (questions.push(question), machine.answer ?? ""),
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
      return answer instanceof Response ? answer : Response.json(answer);
    },
  };
  const code = await run(
    argv.split(" ").filter((word) => word !== ""),
    io,
  );
  return { code, out: out.join(""), err: err.join(""), requests, files, questions };
}

export const problem = (status: number, code: string, more: object = {}): Response =>
  Response.json({ title: "Refused", status, code, detail: "because", request_id: "req-1", ...more }, { status });
