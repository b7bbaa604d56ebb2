// `npm run rotate-key`: replaces the master key; `-- --finish` removes the old one, once nothing needs it. See docs/operations.md.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Advice } from "./cloudflare/advice.ts";
import { chooseAccount } from "./cloudflare/account.ts";
import { connect, runScript } from "./cloudflare/connect.ts";
import { hostnamesOf } from "./deploy/deploy.ts";
import { takeInventory } from "./deploy/inventory.ts";
import { PRODUCTION } from "./deploy/options.ts";
import { keepSecrets, readSecrets, secretsFile } from "./deploy/secrets.ts";
import { finish, rotate } from "./operate/rotate-key.ts";

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      env: { type: "string", default: PRODUCTION },
      url: { type: "string" },
      finish: { type: "boolean", default: false },
    },
  });
  const { api, environment, root } = await connect(values.env);
  const { id: account } = await chooseAccount(
    api,
    process.env["CLOUDFLARE_ACCOUNT_ID"] ?? environment.config.account_id,
  );
  const { subdomain } = await takeInventory(api, account, environment);
  const file = secretsFile(root, environment.worker);
  const given = (name: string): string => process.env[name]?.trim() || readSecrets(file)[name] || "";
  const [token, present] = [given("SLUICE_ADMIN_TOKEN"), given("SLUICE_MASTER_KEY")];
  if (token === "" || present === "")
    throw new Advice(`Set SLUICE_ADMIN_TOKEN and SLUICE_MASTER_KEY to the present values: they are not in ${file}.`);
  const ports = { api, fetch, sleep: (ms: number) => sleep(ms), say: console.log };
  const edge = values.url ?? `https://${hostnamesOf(environment, subdomain)[0] ?? ""}`;
  const target = { script: `/accounts/${account}/workers/scripts/${environment.worker}`, edge, token };
  if (values.finish) {
    await finish(ports, target);
    return keepSecrets(file, { SLUICE_MASTER_KEYS_OLD: "" });
  }
  // Kept before it is used: a rotation that is cut short goes on with the same key.
  const next = given("SLUICE_MASTER_KEY_NEXT") || randomBytes(32).toString("base64");
  await keepSecrets(file, { SLUICE_MASTER_KEY_NEXT: next });
  const older = given("SLUICE_MASTER_KEYS_OLD")
    .split(",")
    .filter((key) => key !== "");
  await rotate(ports, target, present, next, older);
  await keepSecrets(file, {
    SLUICE_MASTER_KEY: next,
    SLUICE_MASTER_KEYS_OLD: [present, ...older].join(","),
    SLUICE_MASTER_KEY_NEXT: "",
  });
  console.log(`The new key is in ${file}: copy it to your password manager.
In a day, run this again with --finish.`);
});
