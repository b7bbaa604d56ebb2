// What a command is, and what it is given to work with.
import type { ParseArgsOptionsConfig } from "node:util";
import type { Args } from "./arguments.ts";
import type { Client } from "./client.ts";
import type { Io } from "./io.ts";
import type { Paint } from "./output.ts";

export interface Context {
  readonly io: Io;
  readonly client: Client;
  /** The answer as JSON and nothing else. */
  readonly json: boolean;
  readonly paint: Paint;
  /** A line of the answer. */
  readonly say: (text: string) => void;
  /** A remark beside the answer; not with `--json`. */
  readonly note: (text: string) => void;
}

export interface Command {
  readonly summary: string;
  /** The forms it is called in, each without the program's name. */
  readonly usage: readonly string[];
  /** Its options in words: flag, then what it does. */
  readonly flags: readonly (readonly [flag: string, meaning: string])[];
  readonly options: ParseArgsOptionsConfig;
  /** @returns the exit code */
  readonly run: (context: Context, args: Args) => Promise<number>;
}

export const jsonLine = (value: unknown): string => JSON.stringify(value);
export const jsonText = (value: unknown): string => JSON.stringify(value, null, 2);
