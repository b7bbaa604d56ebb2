// Profiles: the URL and token of each Sluice that a person works with, in a file that only that person can read.
import { isAbsolute, join } from "node:path";
import { isObject, parseJson } from "./data.ts";
import { Failure, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { didYouMean } from "./suggest.ts";

export interface Profile {
  readonly url: string;
  readonly token: string;
}

export interface Profiles {
  /** The one that is used if none is named. */
  readonly current: string | null;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/** In the user's folder for configuration: `XDG_CONFIG_HOME`, Windows' `APPDATA`, `~/.config`. @throws UsageError without a home */
function profilesFile(env: Io["env"]): string {
  const home = env["HOME"] || env["USERPROFILE"];
  const folder = [env["XDG_CONFIG_HOME"], env["APPDATA"]].find((path) => path !== undefined && isAbsolute(path));
  if (folder === undefined && !home) throw new UsageError("no folder for profiles: HOME is not set");
  return join(folder ?? join(home ?? "", ".config"), "sluice", "profiles.json");
}

export function checkName(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name))
    throw new UsageError("the name of a profile may have letters, digits, _, . and -");
  return name;
}

/** None if there is no file. @throws Failure if the file is not ours */
export async function readProfiles({ env, readFile }: Pick<Io, "env" | "readFile">): Promise<Profiles> {
  if (!env["HOME"] && !env["USERPROFILE"] && !env["XDG_CONFIG_HOME"]) return { current: null, profiles: {} };
  const file = profilesFile(env);
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) return { current: null, profiles: {} };
  const stored = parseJson(new TextDecoder().decode(bytes), file);
  const profiles = isObject(stored) && isObject(stored["profiles"]) ? Object.entries(stored["profiles"]) : null;
  if (
    profiles === null ||
    !profiles.every((entry): entry is [string, Record<keyof Profile, string>] => isProfile(entry[1]))
  )
    throw new Failure(`${file} is not a file of profiles. Remove it and run sluice login`);
  const current = isObject(stored) && typeof stored["current"] === "string" ? stored["current"] : null;
  return { current, profiles: Object.fromEntries(profiles) };
}

const isProfile = (value: unknown): boolean =>
  isObject(value) && typeof value["url"] === "string" && typeof value["token"] === "string";

export const writeProfiles = (io: Pick<Io, "env" | "writePrivate">, profiles: Profiles): Promise<void> =>
  io.writePrivate(profilesFile(io.env), `${JSON.stringify(profiles, null, 2)}\n`).catch((error: unknown) => {
    throw new Failure(`The profile cannot be stored: ${error instanceof Error ? error.message : String(error)}`);
  });

/** @throws UsageError if there is no such profile */
export function profileNamed({ profiles }: Profiles, name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile === undefined)
    throw new UsageError(`there is no profile ${name}${didYouMean(name, Object.keys(profiles))}`);
  return profile;
}
