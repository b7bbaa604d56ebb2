// `login`, `logout` and `profiles`: which Sluice the commands talk to. No command prints a token.
import type { Args } from "../arguments.ts";
import { Client } from "../client.ts";
import { jsonText, type Command, type Group, type LocalContext } from "../command.ts";
import { EXIT, Refusal, UsageError } from "../errors.ts";
import { checkName, profileNamed, readProfiles, writeProfiles } from "../profiles.ts";
import { DEFAULT_URL, parseToken, parseUrl } from "../settings.ts";
import { table } from "../table.ts";

const FIRST = "default";

/** The variables that win over every profile. */
const winning = ({ env }: LocalContext["io"]): string =>
  ["SLUICE_URL", "SLUICE_TOKEN"].filter((name) => env[name]).join(" and ");

const nameOf = ({ io }: LocalContext, args: Args): string | undefined =>
  args.text("profile") ?? (io.env["SLUICE_PROFILE"] || undefined);

async function askUrl({ io }: LocalContext, known: string | undefined): Promise<string> {
  if (!io.interactive) {
    if (known === undefined) throw new UsageError("--url is missing");
    return known;
  }
  const usual = known ?? DEFAULT_URL;
  return (await io.ask(`URL of Sluice [${usual}]: `)).trim() || usual;
}

const askToken = async ({ io }: LocalContext): Promise<string> =>
  io.interactive ? await io.askSecret("API token (not shown): ") : new TextDecoder().decode(await io.readInput());

/** The API says how to send a token; it was sent, and is not one. */
function sayRefused(error: unknown): never {
  if (!(error instanceof Refusal) || error.problem.status !== 401) throw error;
  throw new Refusal({ ...error.problem, detail: "The token was refused." });
}

export const login: Command = {
  summary: "Store the URL and token of a Sluice as a profile, and use it from now on",
  async local(context, args) {
    const { io, json, say, note } = context;
    const name = checkName(nameOf(context, args) ?? FIRST);
    const { profiles } = await readProfiles(io);
    const known = io.env["SLUICE_URL"] || (Object.hasOwn(profiles, name) ? profiles[name]?.url : undefined);
    const { origin } = parseUrl(args.text("url") ?? (await askUrl(context, known)));
    const token = parseToken(args.text("token") ?? (await askToken(context)));
    // Refused if the token is wrong: a profile that is stored works.
    const { scope } = await new Client({ origin, token }, io.fetch).call("GET /tokens/self", {}).catch(sayRefused);
    await writeProfiles(io, { current: name, profiles: { ...profiles, [name]: { url: origin, token } } });
    say(
      json
        ? jsonText({ profile: name, url: origin, scope })
        : `Logged in to ${origin} with a token of scope ${scope}. The profile ${name} is in use.`,
    );
    if (winning(io) !== "") note(`Profiles yield to ${winning(io)} of the environment.`);
    return EXIT.ok;
  },
};

export const logout: Command = {
  summary: "Remove a profile with its token: the one in use, or --profile NAME",
  async local(context, args) {
    const { io, json, say, note } = context;
    const stored = await readProfiles(io);
    const name = nameOf(context, args) ?? stored.current;
    if (name === null) throw new UsageError("no profile is in use; give --profile NAME");
    const { url } = profileNamed(stored, name);
    const { [name]: _gone, ...profiles } = stored.profiles;
    await writeProfiles(io, { current: stored.current === name ? null : stored.current, profiles });
    say(
      json
        ? jsonText({ profile: name, url })
        : `Removed the profile ${name} of ${url}. Its token stays valid until it is revoked there.`,
    );
    if (stored.current === name && Object.keys(profiles).length > 0)
      note(`No profile is in use; sluice profiles use NAME chooses one of ${Object.keys(profiles).join(", ")}.`);
    return EXIT.ok;
  },
};

export const profiles: Group = {
  summary: "List the profiles, or choose the one that is used",
  fallback: "list",
  verbs: {
    list: {
      summary: "List the profiles; never their tokens",
      async local({ io, json, say, note, look }) {
        const stored = await readProfiles(io);
        const all = Object.entries(stored.profiles).map(([name, { url }]) => ({
          name,
          url,
          in_use: name === (io.env["SLUICE_PROFILE"] || stored.current),
        }));
        if (json) say(jsonText({ data: all }));
        else if (all.length === 0) note("No profiles. sluice login makes one.");
        else {
          const columns = [{ heading: "PROFILE" }, { heading: "URL" }, { heading: "IN USE" }];
          say(
            table(
              columns,
              all.map(({ name, url, in_use }) => [name, url, in_use ? { text: "yes", colour: "green" } : "-"]),
              look,
            ),
          );
        }
        if (winning(io) !== "") note(`Profiles yield to ${winning(io)} of the environment.`);
        return EXIT.ok;
      },
    },
    use: {
      summary: "Use this profile from now on",
      forms: ["NAME"],
      async local({ io, json, say }, args) {
        const [stored, name] = [await readProfiles(io), args.only("NAME")];
        const { url } = profileNamed(stored, name);
        await writeProfiles(io, { ...stored, current: name });
        say(json ? jsonText({ profile: name, url }) : `The profile ${name} of ${url} is in use.`);
        return EXIT.ok;
      },
    },
  },
};
