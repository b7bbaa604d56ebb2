// What a command is. Usage, help, parsing and completion all come from these descriptions.
import type { Args } from "./arguments.ts";
import type { Client } from "./client.ts";
import type { Io } from "./io.ts";
import type { Options } from "./option.ts";
import type { Paint } from "./output.ts";
import type { Settings } from "./settings.ts";
import type { Look } from "./table.ts";

/** For commands that do not call Sluice. */
export interface LocalContext {
  readonly io: Io;
  /** Print JSON and nothing else. */
  readonly json: boolean;
  readonly paint: Paint;
  /** How tables look. */
  readonly look: Look;
  /** Prints a line of the result. */
  readonly say: (text: string) => void;
  /** Prints a remark to standard error; not with `--json`. */
  readonly note: (text: string) => void;
}

export interface Context extends LocalContext {
  readonly client: Client;
  readonly settings: Settings;
}

interface Described {
  readonly summary: string;
  /** What may follow its name, one form each, without the options. Without it: nothing. */
  readonly forms?: readonly string[];
  readonly options?: Options;
}

/** `run` gets a client of the Sluice that the user chose; `local` needs none. Both return the exit code. */
export type Command = Described &
  (
    | { readonly run: (context: Context, args: Args) => Promise<number> }
    | { readonly local: (context: LocalContext, args: Args) => Promise<number> }
  );

/** Commands under a name: `sluice sources list`. */
export interface Group {
  readonly summary: string;
  readonly verbs: Readonly<Record<string, Command>>;
  /** The verb that runs if none is given. */
  readonly fallback?: string;
}

export const jsonLine = (value: unknown): string => JSON.stringify(value);
export const jsonText = (value: unknown): string => JSON.stringify(value, null, 2);
