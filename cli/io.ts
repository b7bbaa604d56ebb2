// The command line's access to the machine, passed in so that tests can replace it.

import type { CallServer } from "./listen/local-server.ts";
import type { OpenSocket } from "./socket.ts";

export interface Stream {
  readonly isTTY?: boolean;
  /** The width of the terminal. */
  readonly columns?: number;
  write(text: string | Uint8Array): unknown;
}

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: Stream;
  readonly err: Stream;
  /** Whether a person can answer questions. */
  readonly interactive: boolean;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** @param stop ends it early */
  readonly sleep: (ms: number, stop?: AbortSignal) => Promise<void>;
  /** Throws if the file does not exist. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
  readonly writeFile: (path: string, text: string) => Promise<void>;
  /** Fails with `EEXIST` if the file exists. */
  readonly createFile: (path: string, text: string) => Promise<void>;
  /** A file that only this user can read, replaced as a whole; its folders are made. */
  readonly writePrivate: (path: string, text: string) => Promise<void>;
  readonly readInput: () => Promise<Uint8Array>;
  /** Of this program. */
  readonly version: () => string;
  /** @returns "" if the input ends */
  readonly ask: (question: string) => Promise<string>;
  /** The same without showing what is typed. */
  readonly askSecret: (question: string) => Promise<string>;
  /** Opens a URL in the browser, if there is one. */
  readonly browse: (url: string) => Promise<void>;
  readonly openSocket: OpenSocket;
  readonly callServer: CallServer;
  /** The user and the machine, as a name. */
  readonly whoAndWhere: string;
  /** Calls back for each key that is pressed, one character each, and for Ctrl-C or a request to end with "end". @returns a function that stops it */
  readonly watchKeys: (pressed: (key: string) => void) => () => void;
}
