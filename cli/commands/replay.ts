// `replay`: delivers events again.
import { type Command } from "../command.ts";
import { idsOf, report, tryEach } from "./retry.ts";
import type { Delivery } from "../client.ts";

export const replay: Command = {
  summary: "Deliver events again",
  usage: ["replay EVENT...", "replay -"],
  flags: [["--connection NAME", "over one connection only"]],
  options: { connection: { type: "string" } },
  async run(context, args) {
    const ids = await idsOf(context, args.positionals, "event");
    const tried = await tryEach<{ readonly data: readonly Delivery[] }>(context, ids, "replay", (id) =>
      context.client.replayEvent(id, args.text("connection")),
    );
    return report(context, tried, ({ data }) => `${data.length} deliveries`);
  },
};
