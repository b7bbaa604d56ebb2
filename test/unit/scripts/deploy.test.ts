import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { databasesIn, deploy } from "../../../scripts/deploy/deploy.ts";

/** @param answers exit code and output of each command in turn */
function recording(...answers: readonly (readonly [code: number, output: string])[]) {
  const commands: string[] = [];
  const wrangler = async (args: readonly string[]) => {
    const [code, output] = answers[commands.length] ?? [0, ""];
    commands.push(args.join(" "));
    return { code, output };
  };
  return { commands, wrangler };
}

const MIGRATE = "d1 migrations apply DB --remote";

it("an update applies the migrations before it deploys the Worker that needs them", async () => {
  const { commands, wrangler } = recording();
  expect(await deploy(wrangler, ["DB"], ["--env", "staging"])).toBe(0);
  expect(commands).toEqual([`${MIGRATE} --env staging`, "deploy --env staging"]);
});

it("the first deployment creates the database, then applies the migrations", async () => {
  const { commands, wrangler } = recording([1, "Couldn't find a D1 DB named 'sluice' (bound as 'DB') in the API."]);
  expect(await deploy(wrangler, ["DB"], [])).toBe(0);
  expect(commands).toEqual([MIGRATE, "deploy", MIGRATE]);
});

it.each([
  ["the migrations fail", [[1, "no such table"]], [MIGRATE]],
  [
    "the deployment fails",
    [
      [0, ""],
      [2, "invalid token"],
    ],
    [MIGRATE, "deploy"],
  ],
] as const)("nothing follows when %s", async (_what, answers, expected) => {
  const { commands, wrangler } = recording(...answers);
  expect(await deploy(wrangler, ["DB"], [])).not.toBe(0);
  expect(commands).toEqual(expected);
});

it("each database gets the migrations before the Worker that needs them, a new one after the deployment that creates it", async () => {
  const toml = readFileSync("wrangler.toml", "utf8");
  const more = '\n[[d1_databases]]\nbinding = "DB_2"\ndatabase_name = "sluice-2"\nmigrations_dir = "migrations"\n';
  const databases = databasesIn(toml + more);
  expect([databasesIn(toml), databases]).toEqual([["DB"], ["DB", "DB_2"]]);
  const second = MIGRATE.replace("DB", "DB_2");
  const { commands, wrangler } = recording([0, ""], [1, "Couldn't find a D1 DB named 'sluice-2'"]);
  expect(await deploy(wrangler, databases, [])).toBe(0);
  expect(commands).toEqual([MIGRATE, second, "deploy", second]);
});
