// The order of an update: migrations first, as they only add and the new Worker needs them. A deployment creates the
// databases that are new.

/** Runs wrangler and shows its output. */
export type Wrangler = (args: readonly string[]) => Promise<{ readonly code: number; readonly output: string }>;

const NO_DATABASE = /Couldn't find an? (?:auto-provisioned )?D1 DB/;

/** The databases that a configuration in TOML binds: `DB`, `DB_2` … */
export const databasesIn = (toml: string): string[] => [
  ...new Set([...toml.matchAll(/^binding = "(DB(?:_\d+)?)"/gm)].map(([, name = ""]) => name)),
];

/**
 * @param databases their bindings
 * @param options for every command, such as `--env` @returns the exit code
 */
export async function deploy(
  wrangler: Wrangler,
  databases: readonly string[],
  options: readonly string[],
): Promise<number> {
  const migrate = (database: string) => wrangler(["d1", "migrations", "apply", database, "--remote", ...options]);
  const missing: string[] = [];
  for (const database of databases) {
    const { code, output } = await migrate(database);
    if (code !== 0 && !NO_DATABASE.test(output)) return code;
    if (NO_DATABASE.test(output)) missing.push(database);
  }
  const deployed = await wrangler(["deploy", ...options]);
  if (deployed.code !== 0) return deployed.code;
  for (const database of missing) {
    const { code } = await migrate(database);
    if (code !== 0) return code;
  }
  return 0;
}
