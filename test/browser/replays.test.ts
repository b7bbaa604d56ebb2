// Dead letters and replays: a redrive followed to its end, a replay cancelled, dead letters discarded, keyboard shortcuts, accessibility.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { faultsOf, looking, WIDTHS, startBench, type Bench } from "./harness.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
});

afterAll(async () => {
  await bench.stop();
});

/** Creates dead letters for this destination, which then accepts requests again. */
async function deadLetters(name: string, number: number): Promise<void> {
  bench.answers.set(`/${name}`, 500);
  await bench.system.route(name, { retry: { schedule_seconds: [] }, circuit: null });
  for (let sent = 0; sent < number; sent += 10)
    await Promise.all(Array.from({ length: Math.min(10, number - sent) }, () => bench.system.post(name)));
  await expect.poll(() => deadTo(name), { timeout: 120_000, interval: 200 }).toBe(number);
  bench.answers.set(`/${name}`, 200);
}

async function deadTo(name: string): Promise<number> {
  return (await bench.system.client.deliveries({ status: "dead", destination: name, limit: 200 })).data.length;
}

const planOf = (name: string, rate: number): string =>
  `${bench.origin}/replays/plan?status=dead&destination=${name}&rate_per_second=${rate}`;
const start = (page: Page): Promise<void> => page.getByRole("button", { name: /^Replay / }).click();
const listOf = (name: string): string => `${bench.origin}/dead-letters?destination=${name}`;

describe("the redrive of a destination's dead letters", () => {
  it("is planned, started and followed to its end, on its own page and on the dead letters' page, which empties by itself", async () => {
    await deadLetters("orders", 8);
    const list = await bench.open();
    await list.goto(listOf("orders"));
    await list.getByText("Live", { exact: true }).waitFor();
    expect(await list.locator("tbody tr").count()).toBe(8);

    const page = await bench.open();
    await page.goto(listOf("orders"));
    await page.getByRole("link", { name: "Redrive all to orders" }).click();
    await page.getByText("8 deliveries", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Change" }).click();
    await page.getByLabel("Deliveries per second").fill("4");
    await page.getByRole("button", { name: "Show plan" }).click();
    await page.getByText("up to 4 per second").waitFor();
    await start(page);

    const bar = page.getByRole("progressbar");
    const seen = new Set<number>();
    await expect
      .poll(async () => (seen.add(Number(await bar.getAttribute("aria-valuenow"))), [...seen].at(-1)), {
        timeout: 120_000,
        interval: 100,
      })
      .toBe(8);
    // The progress was visible without a reload.
    expect([...seen].some((value) => value > 0 && value < 8)).toBe(true);
    await page.locator("#run .badge").getByText("done").waitFor();
    expect(await bar.getAttribute("aria-valuetext")).toBe("8 of 8 have ended, 0 failed");
    expect(bench.system.to("orders")).toHaveLength(16);

    await list.locator("#redrives .badge").getByText("done").waitFor();
    await expect.poll(() => list.locator("tbody tr").count(), { timeout: 120_000 }).toBe(0);
    await list.context().close();
    await page.context().close();
  });

  it("is cancelled after confirmation: the rest stays dead", async () => {
    await deadLetters("crm", 4);
    const page = await bench.open();
    await page.goto(planOf("crm", 0.2));
    await start(page);
    await page.getByRole("button", { name: "Cancel the replay" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Go back" }).click();
    await page.locator("#run .badge").getByText("running").waitFor();
    await page.getByRole("button", { name: "Cancel the replay" }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Cancel/ })
      .click();
    await page.getByText("Cancelled. Deliveries that were already queued").waitFor();
    await page.locator("#run .badge").getByText("cancelled").waitFor();
    await page.goto(`${bench.origin}/replays`);
    await page
      .getByRole("row", { name: /Dead letters to crm/ })
      .getByText("cancelled")
      .waitFor();
    expect(await deadTo("crm")).toBeGreaterThanOrEqual(2);
    await page.context().close();
  });

  it("works without JavaScript, with a refresh link", async () => {
    await deadLetters("plain", 2);
    const page = await bench.open({ javaScriptEnabled: false });
    await page.goto(listOf("plain"));
    await page.getByRole("link", { name: "Redrive all to plain" }).click();
    await start(page);
    await page.getByText("Started.").waitFor();
    await expect
      .poll(
        async () => {
          const refresh = page.getByRole("link", { name: "Refresh" });
          if ((await refresh.count()) > 0) await refresh.click();
          return page.locator("#run .badge").textContent();
        },
        { timeout: 120_000, interval: 300 },
      )
      .toBe("done");
    await page.context().close();
  });
});

describe("dead letters", () => {
  it("are navigated, retried and searched with the keyboard", async () => {
    await deadLetters("keys", 2);
    const page = await bench.open();
    await page.goto(listOf("keys"));
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    const current = await page.locator("tr.current").getAttribute("id");
    expect(current).toBe(await page.locator("tbody tr").nth(1).getAttribute("id"));
    await page.keyboard.press("k");
    await page.keyboard.press("r");
    await page.getByText("Retrying: the next attempt").waitFor();
    await expect.poll(() => deadTo("keys"), { timeout: 120_000 }).toBe(1);
    await page.keyboard.press("/");
    expect(await page.evaluate("document.activeElement.id")).toBe("search");

    await page.goto(`${bench.origin}/replays`);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/replays/rpl_*");
    await page.getByRole("link", { name: /^Replay again/ }).waitFor();
    await page.keyboard.press("r");
    await page.waitForURL("**/replays/plan?*");
    await page.context().close();
  });

  it("the form of a new replay has its values when one comes back from the plan", async () => {
    const page = await bench.open({ timezoneId: "America/New_York" });
    await page.goto(`${bench.origin}/replays/new`);
    await page.getByLabel("Deliveries", { exact: true }).selectOption("delivered");
    await page.getByLabel("Type of event").fill("order.paid");
    await page.getByLabel("Events from").fill("2026-01-31T07:00:00");
    await page.getByRole("button", { name: "Show plan" }).click();
    await page.waitForURL("**/replays/plan?*");
    expect(new URL(page.url()).searchParams.get("from")).toBe("2026-01-31T12:00:00.000Z");
    await page.goBack();
    expect(await page.getByLabel("Type of event").inputValue()).toBe("order.paid");
    expect(await page.getByLabel("Events from").inputValue()).toContain("2026-01-31T07:00");
    await page.context().close();
  });

  it("are discarded if selected, after a confirmation page", async () => {
    await deadLetters("some", 3);
    const page = await bench.open();
    await page.goto(listOf("some"));
    await page
      .getByLabel(/^Select delivery/)
      .first()
      .check();
    await page.getByRole("button", { name: /^Discard selected/ }).click();
    await page.getByRole("link", { name: "Go back" }).click();
    await page.getByLabel("Select all").check();
    expect(await page.locator("tbody input:checked").count()).toBe(3);
    await page.locator("tbody input").first().uncheck();
    await page.getByRole("button", { name: /^Discard selected/ }).click();
    await page.getByText("These 2 deliveries will be cancelled").waitFor();
    await page.getByRole("button", { name: "Discard 2" }).click();
    await page.getByText("Discarded.").waitFor();
    expect(await deadTo("some")).toBe(1);
    await page.context().close();
  });

  it("are discarded one by one on the event's page, after a dialog that live updates do not close", async () => {
    const page = await bench.open();
    await page.goto(listOf("some"));
    await page.locator("tbody a").click();
    await page.getByText("Live", { exact: true }).waitFor();
    const { pathname } = new URL(page.url());
    // An update that starts before the dialog opens and arrives while it is open.
    const held = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const isUpdate = (url: URL): boolean => url.pathname === pathname;
    await page.route(
      isUpdate,
      async (route) => {
        held.resolve();
        await released.promise;
        await route.continue();
      },
      { times: 1 },
    );
    await bench.system.client.replayEvent(pathname.split("/").at(-1) ?? "");
    await held.promise;
    await page.getByRole("button", { name: /^Discard/ }).click();
    const discard = page.getByRole("dialog").getByRole("button", { name: /^Discard/ });
    await discard.waitFor();
    const update = page.waitForResponse((response) => isUpdate(new URL(response.url())));
    released.resolve();
    await (await update).finished();
    await discard.click();
    await page.getByText("Discarded.").waitFor();
    expect(await deadTo("some")).toBe(0);
    await page.context().close();
  });

  it("with one error are all discarded, in steps that continue automatically", async () => {
    await deadLetters("many", 105);
    const page = await bench.open();
    await page.goto(listOf("many"));
    await page.getByRole("button", { name: /^Discard all to many/ }).click();
    await page.getByRole("button", { name: "Discard all" }).click();
    await page.getByText("105 discarded").waitFor();
    await page.getByText("none are left").waitFor();
    expect(await deadTo("many")).toBe(0);
    await page.context().close();
  });
});

describe("the pages", () => {
  it.each(WIDTHS)("meet WCAG 2.2 AA and do not scroll sideways at %d px, in light and in dark", async (width) => {
    const page = await bench.open(looking(width));
    await page.goto(`${bench.origin}/replays`);
    const run = await page.getByRole("link", { name: "Dead letters to crm" }).first().getAttribute("href");
    // In one call, because the page may be updated at any time.
    const drawnInPlace = `((bar) => [bar, bar.firstElementChild].map((part) => JSON.stringify(part.getBoundingClientRect())))
      (document.querySelector(".run-bar"))`;
    const [bar, drawing] = await page.evaluate<string[]>(drawnInPlace);
    expect(drawing).toBe(bar);
    // Also between phone and desktop.
    const look = (what: string): Promise<string[]> => faultsOf(page, what, [800, width]);
    const faults: string[] = [];
    for (const path of [
      "/replays",
      run ?? "",
      "/replays/new",
      "/replays/plan?destination=crm",
      "/replays/plan?rate_per_second=lots",
      "/dead-letters",
    ]) {
      await page.goto(bench.origin + path);
      faults.push(...(await look(path)));
    }
    await page.getByRole("button", { name: /^Discard all to crm/ }).click();
    await page.getByRole("button", { name: "Discard all" }).waitFor();
    faults.push(...(await look("the question before discarding")));
    expect(faults).toEqual([]);
    await page.context().close();
  });
});

it("no page has a console error or violates the security policy", () => {
  // Chromium reports a page with a 4xx status as a console error.
  expect(bench.complaints.filter((line) => !/status of 422/.test(line))).toEqual([]);
});
