// The type of a command, and the context it runs in.
import type { ParseArgsOptionsConfig } from "node:util";
import type { Args } from "./arguments.ts";
import type { Client } from "./client.ts";
import type { Io } from "./io.ts";
import type { Paint } from "./output.ts";

export interface Context {
  readonly io: Io;
  readonly client: Client;
  /** Print JSON and nothing else. */
  readonly json: boolean;
  readonly paint: Paint;
  /** Prints a line of the result. */
  readonly say: (text: string) => void;
  /** Prints a remark to standard error; not with `--json`. */
  readonly note: (text: string) => void;
}

export interface Command {
  readonly summary: string;
  /** Usage lines, without the program's name. */
  readonly usage: readonly string[];
  /** The help of its options. */
  readonly flags: readonly (readonly [flag: string, meaning: string])[];
  readonly options: ParseArgsOptionsConfig;
  /** @returns the exit code */
  readonly run: (context: Context, args: Args) => Promise<number>;
}

export const jsonLine = (value: unknown): string => JSON.stringify(value);
export const jsonText = (value: unknown): string => JSON.stringify(value, null, 2);
