// `npm run deploy`: from nothing to a working Sluice on your Cloudflare account, and every update after that. See docs/operations.md.
import { connect, deployWith, runScript } from "./cloudflare/connect.ts";
import { parseOptions, USAGE } from "./deploy/options.ts";

await runScript(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  await deployWith(await connect(options.env), options);
});
