// Starts a server of a package of the operating system on loopback, with a folder of its own, and ends it again.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { killGroup } from "../local-sluice.ts";

/** Where a program is; null when it is not installed. @param folders looked into before those of the path */
export function findProgram(name: string, ...folders: readonly string[]): string | null {
  const places = [...folders, ...(process.env["PATH"] ?? "").split(delimiter)];
  return places.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

export function startProgram(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const child = spawn(path, args, {
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  // Whatever ends this process, the server goes with it.
  const end = (): void => killGroup(child);
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  return child;
}

/** The process and what it has started. */
export async function endProgram(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  killGroup(child);
  await ended;
}

/** Tries until it succeeds. @param what is awaited, for the error */
export async function until<T>(what: string, attempt: () => Promise<T>, withinMs = 180_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what} within ${withinMs} ms`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
