// A Sluice, a receiver whose responses a test controls, and Chromium. Collects console errors and violations of the security policy from every page.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { moveClock } from "../another-date.ts";
import { startSystem, type System } from "../system/harness.ts";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Bench {
  readonly system: System;
  readonly origin: string;
  /** The status that the receiver returns for a path; 200 by default. */
  readonly answers: Map<string, number>;
  readonly browser: Browser;
  /** Console errors, warnings and exceptions of all pages. */
  readonly complaints: string[];
  /** A signed-in page in a new context. */
  readonly open: (options?: Parameters<Browser["newContext"]>[0]) => Promise<Page>;
  readonly stop: () => Promise<void>;
}

export async function startBench(): Promise<Bench> {
  if (!existsSync(CHROMIUM))
    throw new Error(
      `No browser at ${CHROMIUM}. Install Chromium (Debian: apt-get install chromium), or name it in CHROMIUM.`,
    );
  const answers = new Map<string, number>();
  const system = await startSystem((path, response) => {
    response.statusCode = answers.get(path) ?? 200;
    response.end("answer of the receiver");
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const complaints: string[] = [];
  const { origin } = system.client;
  // Signs in once: attempts per address are limited.
  const first = await browser.newContext();
  await signIn(await first.newPage(), system.client);
  const cookies = await first.cookies();
  return {
    system,
    origin,
    answers,
    browser,
    complaints,
    async open(options) {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(120_000);
      await context.addInitScript(moveClock, Number(process.env["TEST_AHEAD_MS"] ?? 0));
      await context.addCookies(cookies);
      return watched(context, complaints);
    },
    async stop() {
      await browser.close();
      await system.stop();
    },
  };
}

async function watched(context: BrowserContext, complaints: string[]): Promise<Page> {
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  return page;
}

async function signIn(page: Page, { origin, token }: System["client"]): Promise<void> {
  await page.goto(`${origin}/login`);
  await page.getByLabel("API token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What depends on the colors alone, which the dark ones are checked for. */
const OF_COLORS = ["color-contrast", "link-in-text-block"];

async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.addScriptTag({ content: axeSource });
  const faults: string[] = [];
  for (const [colorScheme, type, values] of [
    ["light", "tag", WCAG],
    ["dark", "rule", OF_COLORS],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    const found = await page.evaluate(
      async (runOnly) => {
        const axe = (globalThis as unknown as { axe: { run(options: object): Promise<AxeResult> } }).axe;
        const { violations } = await axe.run({ runOnly, resultTypes: ["violations"] });
        return violations.flatMap(({ id, nodes }) =>
          nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary ?? ""}`),
        );
      },
      { type, values },
    );
    faults.push(...found.map((fault) => `in ${colorScheme} ${fault}`));
  }
  return faults;
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
  }[];
}

/** Pixels by which the page is wider than its window. */
const sidewaysScroll = (page: Page): Promise<number> =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

/** Every page is checked with each of these window widths, in pixels, in light and in dark. */
export const WIDTHS = [390, 1_440];

/** Options of a page to check. It bypasses the security policy, because axe is injected as an inline script. */
export const looking = (width: number) => ({ viewport: { width, height: 900 }, bypassCSP: true });

/**
 * The accessibility problems of the current page, one line each: axe's findings at WCAG 2.2 AA, and sideways scrolling.
 * @param what names the page @param widths additional window widths, in this order
 */
export async function faultsOf(page: Page, what: string, widths: readonly number[] = []): Promise<string[]> {
  const faults = (await accessibilityFaults(page)).map((fault) => `${what} ${fault}`);
  for (const width of [null, ...widths]) {
    if (width !== null) await page.setViewportSize({ width, height: 900 });
    const over = await sidewaysScroll(page);
    if (over > 0) faults.push(`${what} scrolls sideways by ${over} px${width === null ? "" : ` at ${width} px`}`);
  }
  return faults;
}

/** The same for several pages, one after the other. */
export async function faultsAt(page: Page, origin: string, paths: readonly string[]): Promise<string[]> {
  const faults: string[] = [];
  for (const path of paths) {
    await page.goto(origin + path);
    faults.push(...(await faultsOf(page, path)));
  }
  return faults;
}
