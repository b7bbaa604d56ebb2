// Runs scenarios over the consumers and the gate in virtual time.
//   npm run simulate [-- TEXT]                               the table of what must hold, or its rows that contain TEXT
//   npm run simulate -- --seed N --cold [TEXT]               the same with another seed, or with one consumer per queue at first
//   npm run --silent simulate -- --json --file FILE          the scenarios of FILE; prints their figures as JSON
// Ends with 1 where a row fails, with 2 where it is called wrongly.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { MUST_HOLD } from "../test/simulation/must-hold.ts";
import { parseScenarios, type Scenario } from "../test/simulation/scenario.ts";
import { simulate } from "../test/simulation/simulate.ts";

const { values, positionals } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    file: { type: "string" },
    cold: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
  },
  allowPositionals: true,
});

const seed = Number(values.seed);

if (!Number.isSafeInteger(seed)) {
  console.error("--seed wants a whole number.");
  process.exitCode = 2;
} else if (values.json !== (values.file !== undefined)) {
  console.error("--json and --file belong together.");
  process.exitCode = 2;
} else
  process.exitCode = values.file === undefined ? await runTable(positionals.join(" ")) : await runFile(values.file);

async function runTable(text: string): Promise<number> {
  let failed = 0;
  const given = { seed, ...(values.cold && { consumers_at_start: 1 }) };
  for (const { title, scenario, judge } of MUST_HOLD.filter((row) => row.title.includes(text))) {
    const startedAt = performance.now();
    const checks = judge(await simulate({ ...scenario, ...given }));
    const holds = checks.every((check) => check.holds);
    if (!holds) failed += 1;
    const took = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const figures = checks.map(({ what, found, holds: one }) => `${one ? "" : "✗ "}${what}: ${shown(found)}`);
    console.log(`${holds ? "pass" : "FAIL"}  ${title} (${took} s)\n      ${figures.join(" · ")}`);
  }
  console.log(failed === 0 ? "All rows hold." : `${failed} rows fail.`);
  return failed === 0 ? 0 : 1;
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}

async function runFile(file: string): Promise<number> {
  let scenarios: readonly Scenario[];
  try {
    scenarios = parseScenarios(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    console.error(`${file}: ${error instanceof Error ? error.message : "unreadable"}`);
    return 2;
  }
  const reports = [];
  for (const scenario of scenarios) reports.push((await simulate(scenario)).report);
  console.log(JSON.stringify(reports, null, 2));
  return 0;
}
