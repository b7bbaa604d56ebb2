// `mcp`: Sluice as tools of an assistant, over standard input and output (Model Context Protocol).
import type { Command } from "../command.ts";
import { EXIT } from "../errors.ts";

export const mcp: Command = {
  summary: "Serve Sluice as tools to an AI assistant (MCP, over standard input and output)",
  options: { "allow-writes": { help: "also offer tools that retry, replay and redrive" } },
  async run({ client, io }, args) {
    // Only here: the SDK takes longer to load than all other commands take to run.
    const { serve } = await import("../mcp/server.ts");
    await serve({ client, now: io.now }, io.version(), args.flag("allow-writes"));
    return EXIT.ok;
  },
};
