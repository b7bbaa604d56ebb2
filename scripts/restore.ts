// `npm run restore -- FILE` or `npm run restore -- --to INSTANT`: an earlier state of the record and the configuration. See docs/operations.md.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Advice } from "./cloudflare/advice.ts";
import { chooseAccount } from "./cloudflare/account.ts";
import { connect, deployWith, runScript } from "./cloudflare/connect.ts";
import { takeInventory } from "./deploy/inventory.ts";
import { parseOptions, PRODUCTION } from "./deploy/options.ts";
import { removeFormerRoutes, restore } from "./operate/restore.ts";

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      env: { type: "string", default: PRODUCTION },
      to: { type: "string" },
      binding: { type: "string", default: "DB" },
      "no-check": { type: "boolean", default: false },
    },
  });
  const [file] = positionals;
  if ((file === undefined) === (values.to === undefined))
    throw new Advice("Give a file of `wrangler d1 export`, or --to with an instant such as 2026-11-29T12:00:00Z.");
  const connection = await connect(values.env);
  const { api, environment, wrangler } = connection;
  const { id: account } = await chooseAccount(
    api,
    process.env["CLOUDFLARE_ACCOUNT_ID"] ?? environment.config.account_id,
  );
  const inventory = await takeInventory(api, account, environment);
  const from = values.to === undefined ? { file: resolve(file ?? "") } : { instant: values.to };
  const ports = { api, wrangler, say: console.log, now: Date.now };
  const restored = await restore(ports, account, environment, inventory, values.binding, from);
  await deployWith({ ...connection, environment: restored }, parseOptions(values["no-check"] ? ["--no-check"] : []));
  await removeFormerRoutes(api, account, inventory);
});
