// The command line's access to the machine, passed in so that tests can replace it.

export interface Stream {
  readonly isTTY?: boolean;
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
  readonly sleep: (ms: number) => Promise<void>;
  /** Throws if the file does not exist. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
  readonly writeFile: (path: string, text: string) => Promise<void>;
  readonly readInput: () => Promise<Uint8Array>;
  readonly ask: (question: string) => Promise<string>;
}
