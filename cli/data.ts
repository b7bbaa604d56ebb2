// What `--data` names: text, a file (`@file`) or standard input (`-`); and JSON that must be JSON.
import { inexactNumbers } from "../src/kernel/inexact-numbers.ts";
import { Failure } from "./errors.ts";
import type { Io } from "./io.ts";

/** @throws Failure if the file cannot be read */
export async function readData(io: Pick<Io, "readInput" | "readFile">, data: string): Promise<Uint8Array> {
  if (data === "-") return io.readInput();
  if (!data.startsWith("@")) return new TextEncoder().encode(data);
  return io.readFile(data.slice(1)).catch(() => {
    throw new Failure(`${data.slice(1)} cannot be read`);
  });
}

/** @param label what the text is, for the error @throws Failure if it is not JSON */
export function parseJson(text: string, label: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Failure(`${label} is not valid JSON: ${error instanceof Error ? error.message : ""}`);
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Any JSON. @throws Failure if it is none, or has a number that JavaScript would round */
export async function readJson(io: Io, data: string, label: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readData(io, data));
  const value = parseJson(text, label);
  const [inexact] = inexactNumbers(text);
  if (inexact !== undefined) throw new Failure(`${label}: the number at ${inexact} cannot be represented exactly`);
  return value;
}

/** A JSON object. @throws Failure as `readJson`, and if it is no object */
export async function readObject(io: Io, data: string, label: string): Promise<Record<string, unknown>> {
  const value = await readJson(io, data, label);
  if (!isObject(value)) throw new Failure(`${label} must be a JSON object`);
  return value;
}
