// The options of every command.
import type { Options } from "./option.ts";
import { DEFAULT_URL } from "./settings.ts";

export const COMMON_OPTIONS = {
  url: { value: "URL", help: `URL of Sluice; or SLUICE_URL (${DEFAULT_URL})` },
  token: {
    value: "TOKEN",
    help: "API token; or SLUICE_TOKEN. Other users of the machine can see options",
  },
  profile: { value: "NAME", help: "a profile of sluice login; or SLUICE_PROFILE" },
  json: { help: "print JSON" },
  help: { short: "h", help: "show the help of the command" },
} as const satisfies Options;
