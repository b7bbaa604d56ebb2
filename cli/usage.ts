// The text of the help.
import { COMMANDS } from "./commands/index.ts";
import type { Command } from "./command.ts";
import { DEFAULT_URL } from "./settings.ts";

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
};

const COMMON: readonly (readonly [string, string])[] = [
  ["--url URL", `URL of Sluice; or SLUICE_URL (${DEFAULT_URL})`],
  ["--token TOKEN", "API token; or SLUICE_TOKEN, SLUICE_ADMIN_TOKEN; for this machine also from .dev.vars"],
  ["--json", "print JSON"],
];

export const usage = (): string => `sluice: the command line of Sluice

Usage: sluice COMMAND [options]

${columns(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary]))}

Options of every command:
${columns(COMMON)}

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 changes or problems (--exit-code).
Run sluice help COMMAND for its options.
`;

export const commandHelp = ({ summary, usage, flags }: Command): string => `${summary}

Usage:
${usage.map((form) => `  sluice ${form} [options]`).join("\n")}

Options:
${columns([...flags, ...COMMON])}
`;
