// Logs one JSON object a line, for `wrangler tail --format json` and Workers Logs. Fields are stable. Secrets, bodies and header values
// are never logged, but for the type of an event, which has at most 128 characters.
import type { LogLevel } from "../config/env.ts";

type LogFields = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
type Log = (message: string, fields?: LogFields) => void;

export interface Logger {
  /** Only with LOG_LEVEL=debug: one line per webhook. */
  readonly debug: Log;
  /** One per consumer batch, refused request or failed attempt. */
  readonly info: Log;
  /** A part of Sluice or of the platform failed. */
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

/** An unexpected failure for the log: its class and message, shortened. */
export const describeError = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : "unknown error";
