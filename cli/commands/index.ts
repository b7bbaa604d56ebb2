// All commands by name, in the order of the help.
import type { Command } from "../command.ts";
import { apply, exportConfig, plan } from "./config.ts";
import { deliveries, events } from "./records.ts";
import { replay } from "./replay.ts";
import { retry } from "./retry.ts";
import { send } from "./send.ts";
import { status } from "./status.ts";

export const COMMANDS: Readonly<Record<string, Command>> = {
  plan,
  apply,
  export: exportConfig,
  send,
  events,
  deliveries,
  retry,
  replay,
  status,
};
