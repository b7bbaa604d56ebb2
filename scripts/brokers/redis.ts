// A Redis server on loopback, from the operating system's package, read with its own `redis-cli`.
import { execFile, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../local-sluice.ts";
import { endProgram, findProgram, startProgram, until } from "./process.ts";

export const REDIS_PASSWORD = "planted-redis-password";

const run = promisify(execFile);

export interface Redis {
  /** Without credentials. */
  readonly url: string;
  /** The answer of `redis-cli --json`. */
  readonly cli: (...args: readonly string[]) => Promise<unknown>;
  /** The entries of a stream: all fields but the body, and the body's SHA-1 and length as the server computes them. */
  readonly entries: (stream: string, database?: number) => Promise<readonly Readonly<Record<string, string>>[]>;
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const ENTRIES = `
local out = {}
for _, entry in ipairs(redis.call("XRANGE", KEYS[1], "-", "+")) do
  local fields = { id = entry[1] }
  for i = 1, #entry[2], 2 do
    local name, value = entry[2][i], entry[2][i + 1]
    if name == "body" then
      fields.body_sha1 = redis.sha1hex(value)
      fields.body_bytes = tostring(#value)
    else
      fields[name] = value
    end
  end
  out[#out + 1] = cjson.encode(fields)
end
return out`;

/** Null when it is not installed. */
export async function startRedis(): Promise<Redis | null> {
  const [program, cliProgram] = [findProgram("redis-server"), findProgram("redis-cli")];
  if (program === null || cliProgram === null) return null;
  const folder = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const port = String(await freePort());
  const cli = async (...args: readonly string[]): Promise<unknown> => {
    const { stdout } = await run(cliProgram, ["-p", port, "--json", ...args], {
      env: { ...process.env, REDISCLI_AUTH: REDIS_PASSWORD },
      maxBuffer: 256 * 1024 * 1024,
    });
    return JSON.parse(stdout) as unknown;
  };
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = startProgram(program, [
      ...["--port", port, "--bind", "127.0.0.1", "--dir", folder, "--requirepass", REDIS_PASSWORD],
      ...["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "warning"],
    ]);
    child.stdout?.resume();
    await until("Redis did not start", () => cli("PING"));
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    cli,
    entries: async (stream, database = 0) =>
      ((await cli("-n", String(database), "EVAL", ENTRIES, "1", stream)) as readonly string[]).map(
        (entry) => JSON.parse(entry) as Record<string, string>,
      ),
    kill: () => endProgram(child),
    start,
    stop: async () => {
      await endProgram(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
