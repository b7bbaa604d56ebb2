// `npm run teardown`: removes a Sluice with everything that it has. See docs/operations.md.
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { chooseAccount } from "./cloudflare/account.ts";
import { connect, runScript } from "./cloudflare/connect.ts";
import { takeInventory } from "./deploy/inventory.ts";
import { PRODUCTION } from "./deploy/options.ts";
import { askConsent, tearDown } from "./operate/teardown.ts";

await runScript(async () => {
  const { values } = parseArgs({
    options: { env: { type: "string", default: PRODUCTION }, yes: { type: "string" } },
  });
  const { api, environment } = await connect(values.env);
  const { id, name } = await chooseAccount(api, process.env["CLOUDFLARE_ACCOUNT_ID"] ?? environment.config.account_id);
  console.log(`Sluice "${environment.worker}" on the account ${name}`);
  const inventory = await takeInventory(api, id, environment);
  await askConsent(environment.worker, { ask: process.stdin.isTTY ? ask : null, given: values.yes });
  await tearDown(api, id, environment.worker, inventory, console.log);
  console.log(`Removed. Its secrets are still in .sluice/${environment.worker}.env, if this machine made them.`);
});

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(question);
  terminal.close();
  return answer;
}
