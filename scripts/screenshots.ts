// `npm run screenshots`: takes the pictures in docs/images/. Starts a Sluice with a day of recorded traffic, sends the demo's payloads, and
// opens each page in Chromium (CHROMIUM, or /usr/bin/chromium). To add a picture, add a line to `pictures`.
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { Receiver } from "./demo/receiver.ts";
import { startSluice } from "./local-sluice.ts";
import { configure } from "./screenshots/configuration.ts";
import { record, send } from "./screenshots/traffic.ts";

const MAX_BYTES = 200_000;
const SETTLE_MS = 15_000;

interface Picture {
  readonly file: string;
  readonly path: string;
  readonly scheme?: "light" | "dark";
  /** On a phone, 390 px wide. */
  readonly phone?: boolean;
  readonly height?: number;
  /** Runs on the page before the picture is taken. */
  readonly prepare?: (page: Page) => Promise<void>;
}

const root = join(import.meta.dirname, "..");
const images = join(root, "docs", "images");
const receiver = new Receiver();
const target = await receiver.listen();
const sluice = await startSluice();
const { client } = sluice;
const { origin, token } = client;
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
});
try {
  await configure(client, target);
  await sluice.kill();
  await record(root, sluice.state);
  await sluice.start();
  const events = await send(origin);
  await new Promise((wake) => setTimeout(wake, SETTLE_MS));
  await client.startReplay({ status: "delivered", destination: "crm", rate_per_second: 100 });
  await mkdir(images, { recursive: true });
  const cookies = await signIn();
  for (const picture of await pictures(events)) {
    // If one picture fails, the others are still taken.
    await take(picture, cookies).catch((error: unknown) => {
      console.error(`${picture.file}: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    });
  }
} finally {
  await browser.close();
  receiver.close();
  await sluice.stop();
}

async function pictures(events: readonly string[]): Promise<readonly Picture[]> {
  const event = await retryingEvent();
  return [
    { file: "overview", path: "/", height: 1_180 },
    { file: "overview-dark", path: "/", scheme: "dark", height: 1_180 },
    { file: "overview-phone", path: "/", phone: true },
    { file: "events", path: "/events" },
    { file: "event", path: `/events/${event}`, height: 1_400 },
    { file: "event-dark", path: `/events/${event}`, height: 1_400, scheme: "dark" },
    { file: "event-phone", path: `/events/${event}#sent`, phone: true },
    { file: "deliveries", path: "/deliveries?status=retrying" },
    { file: "replay-event", path: `/events/${event}/replay`, height: 620 },
    { file: "connect", path: "/connect?provider=stripe", height: 860 },
    { file: "issue", path: "/issues", height: 620, prepare: openFirst },
    { file: "dead-letters", path: "/dead-letters", height: 1_100 },
    { file: "destinations", path: "/destinations" },
    { file: "destination", path: "/destinations/legacy-erp", height: 820 },
    {
      file: "connection-editor",
      path: "/connections/github-billing/edit",
      height: 1_300,
      prepare: async (page) => {
        await page.getByLabel("Recorded event (ID)").fill(event ?? events.at(-1) ?? "");
        await page.getByRole("button", { name: "Test filter and transform" }).click();
        await page.waitForLoadState("networkidle");
      },
    },
    { file: "replays", path: "/replays", height: 620 },
    { file: "alerts", path: "/alerts", height: 620 },
    { file: "settings", path: "/settings" },
  ];
}

/** Opens the issue that failed last. */
async function openFirst(page: Page): Promise<void> {
  await page.locator("#issues tbody a").first().click();
  await page.getByRole("button", { name: "Acknowledge" }).waitFor();
}

/** The latest event with a delivery that waits for a retry. */
async function retryingEvent(): Promise<string> {
  const [delivery] = (await client.deliveries({ status: "retrying", destination: "billing", limit: 1 })).data;
  if (delivery === undefined) throw new Error("no delivery is waiting for a retry");
  return delivery.event_id;
}

/** Signs in once: attempts per address are limited. */
async function signIn(): Promise<Awaited<ReturnType<BrowserContext["cookies"]>>> {
  const page = await browser.newPage();
  await page.goto(`${origin}/login`);
  await page.getByLabel("API token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const cookies = await page.context().cookies();
  await page.close();
  return cookies;
}

async function take(
  { file, path, scheme = "light", phone = false, height = 900, prepare }: Picture,
  cookies: Parameters<BrowserContext["addCookies"]>[0],
): Promise<void> {
  const viewport = phone ? { width: 390, height: 844 } : { width: 1_440, height };
  const context = await browser.newContext({ viewport, colorScheme: scheme, timezoneId: "Europe/Berlin" });
  await context.addCookies(cookies);
  const page = await context.newPage();
  await page.goto(origin + path);
  await page.waitForLoadState("networkidle");
  await prepare?.(page);
  const out = join(images, `${file}.png`);
  await page.screenshot({ path: out });
  await context.close();
  const { size } = await stat(out);
  console.log(`${file.padEnd(20)} ${(size / 1_000).toFixed(0).padStart(4)} kB`);
  if (size > MAX_BYTES) throw new Error(`${file}.png is larger than ${MAX_BYTES} bytes`);
}
