// What the command line needs of the machine. Handed in, so that a test can be the machine.

export interface Stream {
  readonly isTTY?: boolean;
  write(text: string | Uint8Array): unknown;
}

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: Stream;
  readonly err: Stream;
  /** Whether somebody can be asked. */
  readonly interactive: boolean;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Throws when there is no such file. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
  readonly writeFile: (path: string, text: string) => Promise<void>;
  readonly readInput: () => Promise<Uint8Array>;
  readonly ask: (question: string) => Promise<string>;
}
