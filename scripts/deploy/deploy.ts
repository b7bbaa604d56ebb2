// The order of an update: migrations first, as they only add and the new Worker needs them. The first deployment creates the database.

/** Runs wrangler and shows its output. */
export type Wrangler = (args: readonly string[]) => Promise<{ readonly code: number; readonly output: string }>;

const NO_DATABASE = /Couldn't find an? (?:auto-provisioned )?D1 DB/;

/** @param options for every command, such as `--env` @returns the exit code */
export async function deploy(wrangler: Wrangler, options: readonly string[]): Promise<number> {
  const migrate = () => wrangler(["d1", "migrations", "apply", "DB", "--remote", ...options]);
  const migrated = await migrate();
  const isFirst = NO_DATABASE.test(migrated.output);
  if (migrated.code !== 0 && !isFirst) return migrated.code;
  const deployed = await wrangler(["deploy", ...options]);
  if (deployed.code !== 0 || !isFirst) return deployed.code;
  return (await migrate()).code;
}
