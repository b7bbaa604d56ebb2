// The help.
import { COMMANDS } from "./commands/index.ts";
import type { Command } from "./command.ts";
import { DEFAULT_URL } from "./settings.ts";

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
};

const COMMON: readonly (readonly [string, string])[] = [
  ["--url URL", `where Sluice is; or SLUICE_URL (${DEFAULT_URL})`],
  ["--token TOKEN", "or SLUICE_TOKEN, SLUICE_ADMIN_TOKEN; on this machine also from .dev.vars"],
  ["--json", "the answer as JSON"],
];

export const usage = (): string => `sluice: the command line of Sluice

Usage: sluice COMMAND [options]

${columns(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary]))}

Every command takes:
${columns(COMMON)}

Exit codes: 0 done, 1 failed, 2 called wrongly, 3 something to see to (--exit-code).
sluice help COMMAND tells more.
`;

export const usageOf = ({ summary, usage, flags }: Command): string => `${summary}

Usage:
${usage.map((form) => `  sluice ${form} [options]`).join("\n")}

Options:
${columns([...flags, ...COMMON])}
`;
