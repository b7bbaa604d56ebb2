// The options of `npm run deploy -- …`.
import { parseArgs } from "node:util";
import { Advice } from "../cloudflare/advice.ts";
import type { Plan } from "./known-plan.ts";

export interface DeployOptions {
  /** The environment's name; `production` is wrangler.toml itself. */
  readonly env: string;
  /** Of the account; null to find it out. */
  readonly plan: Plan | null;
  readonly dryRun: boolean;
  /** Sends a test webhook at the end. */
  readonly check: boolean;
  /** Where the test webhook is delivered. */
  readonly checkUrl: string;
  /** Takes a custom domain over from a DNS record or another Worker. */
  readonly replaceDns: boolean;
  readonly help: boolean;
}

export const PRODUCTION = "production";

/** Answers 200 to a POST of a DNS question (RFC 8484). Sluice asks it about host names anyway, so no one else learns of the deployment. */
const CHECK_URL = "https://cloudflare-dns.com/dns-query";

export const USAGE = `npm run deploy -- [options]

  --env NAME       another environment of environments.json (default: production)
  --plan PLAN      paid or free, instead of finding it out: the free plan's profile is smaller (docs/operations.md)
  --dry-run        says what would be done, and changes nothing
  --no-check       leaves out the test webhook
  --check-url URL  delivers the test webhook to this URL instead of ${CHECK_URL}
  --replace-dns    lets a custom domain replace an existing DNS record or move from another Worker`;

/** @throws Advice that names the option */
export function parseOptions(argv: readonly string[]): DeployOptions {
  const { values } = read(argv);
  return {
    env: values.env,
    plan: planOf(values.plan),
    dryRun: values["dry-run"],
    check: !values["no-check"],
    checkUrl: values["check-url"],
    replaceDns: values["replace-dns"],
    help: values.help,
  };
}

function planOf(given: string | undefined): Plan | null {
  if (given === undefined || given === "paid" || given === "free") return given ?? null;
  throw new Advice(`--plan is "${given}", and must be paid or free.\n\n${USAGE}`);
}

function read(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        env: { type: "string", default: PRODUCTION },
        plan: { type: "string" },
        "dry-run": { type: "boolean", default: false },
        "no-check": { type: "boolean", default: false },
        "check-url": { type: "string", default: CHECK_URL },
        "replace-dns": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new Advice(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}
