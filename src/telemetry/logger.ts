// One JSON object a line on standard output, for `wrangler tail --format json` and Workers Logs. Fields are stable; secrets,
// bodies and header values never go in.
import type { LogLevel } from "../config/env.ts";

type LogFields = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
type Log = (message: string, fields?: LogFields) => void;

export interface Logger {
  /** Only with LOG_LEVEL=debug: one line per webhook. */
  readonly debug: Log;
  /** One per consumer batch, refused request or failed attempt. */
  readonly info: Log;
  /** Something of ours failed; the promise holds all the same, or the line says what does not. */
  readonly error: Log;
}

export function createLogger(level: LogLevel): Logger {
  const write =
    (name: "debug" | "info" | "error", enabled: boolean): Log =>
    (message, fields = {}) => {
      // oxlint-disable-next-line no-console -- the platform's log is the console
      if (enabled) console.log(JSON.stringify({ level: name, message, ...fields }));
    };
  return {
    debug: write("debug", level === "debug"),
    info: write("info", level !== "silent"),
    error: write("error", level !== "silent"),
  };
}

/** What may be said of an unexpected failure: its class and its own words, without anything that a request brought in. */
export const describeError = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : "unknown error";
