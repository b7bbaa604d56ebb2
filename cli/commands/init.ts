// `init`: a first configuration to change and apply.
import { jsonText, type Command } from "../command.ts";
import { EXIT, Failure } from "../errors.ts";

const STARTER = {
  version: 1,
  sources: [{ slug: "shop", name: "Shop", verification: { type: "none" } }],
  destinations: [
    {
      slug: "orders",
      name: "Orders",
      url: "https://example.com/webhooks",
      rate_limit: { limit: 10, period_seconds: 1 },
    },
  ],
  connections: [{ slug: "shop-orders", source: "shop", destination: "orders" }],
};

export const init: Command = {
  summary: "Write a first configuration file (sluice.json), to change and apply",
  forms: ["[FILE]"],
  async local({ io, json, say }, args) {
    const file = args.positionals.length === 0 ? "sluice.json" : args.only("FILE");
    await io.createFile(file, `${jsonText(STARTER)}\n`).catch((error: NodeJS.ErrnoException) => {
      throw new Failure(
        error.code === "EEXIST" ? `${file} exists; nothing was written` : `${file} cannot be written: ${error.message}`,
      );
    });
    say(
      json
        ? jsonText({ file })
        : `Wrote ${file}: one source, one destination, one connection. Put your API's URL into it, then: sluice config apply ${file}`,
    );
    return EXIT.ok;
  },
};
