// All commands by name, in the order of the help. A new command needs one line here.
import type { Command, Group } from "../command.ts";
import { completion } from "./completion.ts";
import { apply, config, exportConfig, plan } from "./config.ts";
import { init } from "./init.ts";
import { issues } from "./issues.ts";
import { listen } from "./listen.ts";
import { login, logout, profiles } from "./login.ts";
import { mcp } from "./mcp.ts";
import { open } from "./open.ts";
import { deliveries, events } from "./records.ts";
import { replay } from "./replay.ts";
import { connections } from "./resources/connections.ts";
import { destinations } from "./resources/destinations.ts";
import { sources } from "./resources/sources.ts";
import { retry } from "./retry.ts";
import { send } from "./send.ts";
import { status } from "./status.ts";
import { trigger } from "./trigger.ts";
import { tail } from "./tail.ts";

export const COMMANDS: Readonly<Record<string, Command | Group>> = {
  login,
  logout,
  profiles,
  open,
  init,
  plan,
  apply,
  export: exportConfig,
  config,
  sources,
  destinations,
  connections,
  listen,
  tail,
  trigger,
  send,
  events,
  deliveries,
  issues,
  retry,
  replay,
  status,
  mcp,
  completion,
};
