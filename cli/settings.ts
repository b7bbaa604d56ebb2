// URL and token: from options, then from the environment, then from `.dev.vars` for a Sluice on this machine.
import { parseEnv } from "node:util";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";

export const DEFAULT_URL = "http://localhost:8787";

export interface Settings {
  /** Scheme and host, without a trailing slash. */
  readonly origin: string;
  readonly token: string;
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\]|.*\.localhost)$/.test(host);

export async function readSettings(
  given: { readonly url?: string | undefined; readonly token?: string | undefined },
  io: Pick<Io, "env" | "readFile">,
): Promise<Settings> {
  const text = given.url ?? (io.env["SLUICE_URL"] || DEFAULT_URL);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError("--url must be http(s)://host");
  if (url.username !== "" || url.password !== "")
    throw new UsageError("--url must not contain a user name or password");
  const local = isLoopback(url.hostname);
  if (url.protocol === "http:" && !local)
    throw new UsageError("--url must be https, because http would send the token unencrypted");
  const found =
    given.token ?? (io.env["SLUICE_TOKEN"] || io.env["SLUICE_ADMIN_TOKEN"] || (local ? await localToken(io) : ""));
  // Files and shells leave a line end behind.
  const token = found.trim();
  if (!token) throw new UsageError("no token: set SLUICE_TOKEN or use --token");
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError("the token must be printable ASCII without spaces");
  return { origin: url.origin, token };
}

/** The token that `npm start` wrote to `.dev.vars`. */
async function localToken({ readFile }: Pick<Io, "readFile">): Promise<string> {
  try {
    return parseEnv(new TextDecoder().decode(await readFile(".dev.vars")))["SLUICE_ADMIN_TOKEN"] ?? "";
  } catch {
    return "";
  }
}
