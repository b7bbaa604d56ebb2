import { expect, it } from "vitest";
import { deploy } from "../../../scripts/deploy/deploy.ts";

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
  expect(await deploy(wrangler, ["--env", "staging"])).toBe(0);
  expect(commands).toEqual([`${MIGRATE} --env staging`, "deploy --env staging"]);
});

it("the first deployment creates the database, then applies the migrations", async () => {
  const { commands, wrangler } = recording([1, "Couldn't find a D1 DB named 'sluice' (bound as 'DB') in the API."]);
  expect(await deploy(wrangler, [])).toBe(0);
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
  expect(await deploy(wrangler, [])).not.toBe(0);
  expect(commands).toEqual(expected);
});
