// URL and token: from options, then from the environment, then from the profile, then from `.dev.vars` for a Sluice on this machine.
import { parseEnv } from "node:util";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { profileNamed, readProfiles, type Profile } from "./profiles.ts";

export const DEFAULT_URL = "http://localhost:8787";

export interface Settings {
  /** Scheme and host, without a trailing slash. */
  readonly origin: string;
  readonly token: string;
}

export interface Given {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly profile?: string | undefined;
}

interface Place {
  readonly url: URL;
  readonly profile: Profile | null;
  /** A variable of the environment that wins over the profile that was named. */
  readonly overruled: string | null;
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\]|.*\.localhost)$/.test(host);

/** @throws UsageError if a token must not be sent there */
export function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError("--url must be http(s)://host");
  if (url.username !== "" || url.password !== "")
    throw new UsageError("--url must not contain a user name or password");
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    throw new UsageError("--url must be https, because http would send the token unencrypted");
  return url;
}

/** @returns the token without the line end that files and shells leave behind @throws UsageError if it can be none */
export function parseToken(text: string): string {
  const token = text.trim();
  if (token === "") throw new UsageError("no token was given");
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError("the token must be printable ASCII without spaces");
  return token;
}

/**
 * Where Sluice is. A profile that is named fills in what neither an option nor the environment gives; the one in use applies only where they
 * give neither URL nor token, so that no token reaches a Sluice that it was not meant for.
 */
export async function findPlace(given: Given, io: Pick<Io, "env" | "readFile">): Promise<Place> {
  const variable = (name: string): string | undefined => io.env[name] || undefined;
  const named = given.profile ?? variable("SLUICE_PROFILE");
  const asked = [given.url, given.token, variable("SLUICE_URL"), variable("SLUICE_TOKEN")];
  const stored = named !== undefined || asked.every((value) => value === undefined) ? await readProfiles(io) : null;
  const name = named ?? stored?.current ?? undefined;
  const profile = stored === null || name === undefined ? null : profileNamed(stored, name);
  const url = parseUrl(given.url ?? variable("SLUICE_URL") ?? profile?.url ?? DEFAULT_URL);
  const winners = (["url", "token"] as const).filter(
    (part) => given[part] === undefined && variable(`SLUICE_${part.toUpperCase()}`) !== undefined,
  );
  const overruled = winners.map((part) => `SLUICE_${part.toUpperCase()}`).join(" and ");
  return { url, profile, overruled: profile === null || overruled === "" ? null : overruled };
}

export async function readSettings(
  given: Given,
  io: Pick<Io, "env" | "readFile">,
  note: (text: string) => void = () => undefined,
): Promise<Settings> {
  const { url, profile, overruled } = await findPlace(given, io);
  if (overruled !== null) note(`The profile yields to ${overruled} of the environment.`);
  const own = profile !== null && new URL(profile.url).origin === url.origin ? profile.token : undefined;
  const found =
    given.token ??
    (io.env["SLUICE_TOKEN"] ||
      own ||
      io.env["SLUICE_ADMIN_TOKEN"] ||
      (isLoopback(url.hostname) ? await localToken(io) : ""));
  if (!found.trim()) throw new UsageError("no token: run sluice login, set SLUICE_TOKEN or use --token");
  return { origin: url.origin, token: parseToken(found) };
}

/** The token that `npm start` wrote to `.dev.vars`. */
async function localToken({ readFile }: Pick<Io, "readFile">): Promise<string> {
  try {
    return parseEnv(new TextDecoder().decode(await readFile(".dev.vars")))["SLUICE_ADMIN_TOKEN"] ?? "";
  } catch {
    return "";
  }
}
