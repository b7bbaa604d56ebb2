// The types of events on the pages: column, filter and title.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsOf, looking, WIDTHS, startBench, type Bench } from "./harness.ts";

let bench: Bench;
const LONG = `${"customer.subscription.trial_will_end.".repeat(3)}long`;
const HOSTILE = `<img src=x onerror="document.title='pwned'">\u202Etxt`;

const post = (type: string): Promise<string> => bench.system.post("typed", JSON.stringify({ type }));

beforeAll(async () => {
  bench = await startBench();
  bench.answers.set("/typed", 500);
  await bench.system.route(
    "typed",
    { retry: { schedule_seconds: [] }, circuit: null },
    { event_type: { json: "type" } },
  );
});

afterAll(async () => {
  await bench.stop();
});

describe("the types of events", () => {
  it.each(WIDTHS)(
    "are a column and a filter of the list, and titles, at %d px, in light and in dark",
    async (width) => {
      const page = await bench.open(looking(width));
      const [paid, long, untyped] = [await post("order.paid"), await post(LONG), await post("")];
      await page.goto(`${bench.origin}/events`);
      const cell = (id: string) => page.locator(`#${id} td[data-label="Type"]`);
      await cell(untyped).waitFor();
      expect(await Promise.all([paid, long, untyped].map((id) => cell(id).textContent()))).toEqual([
        "order.paid",
        LONG,
        "none",
      ]);
      expect(await faultsOf(page, "events")).toEqual([]);
      await cell(paid).getByRole("link").click();
      await page.waitForURL("**/events?type=order.paid");
      await page.locator(`#${paid}`).waitFor();
      expect(await page.locator(`#${long}, #${untyped}`).count()).toBe(0);
      expect(await page.getByLabel("Type", { exact: true }).inputValue()).toBe("order.paid");
      await page.getByLabel("Type", { exact: true }).fill(LONG);
      await page.getByRole("button", { name: "Apply" }).click();
      await page.locator(`#${long}`).waitFor();
      expect(await page.locator(`#${paid}`).count()).toBe(0);
      await page.locator(`#${long} .row-link`).click();
      await page.getByRole("heading", { level: 1, name: LONG }).waitFor();
      await page.locator("#summary").getByText("POST /").waitFor();
      expect(await faultsOf(page, "event")).toEqual([]);
      await page.goto(`${bench.origin}/dead-letters`);
      // Closed where the group is large.
      await page.evaluate(`document.querySelectorAll("#letters details").forEach((one) => (one.open = true))`);
      await page.locator(`td[data-label="Type"]`).getByText("order.paid").first().waitFor();
      expect(await faultsOf(page, "dead letters")).toEqual([]);
      await page.context().close();
    },
  );

  it("come with events that appear in the open list, and keep to its filter", async () => {
    const page = await bench.open();
    await page.goto(`${bench.origin}/events?type=order.refunded`);
    await page.getByText("Live", { exact: true }).waitFor();
    const other = await post("order.paid");
    const refunded = await post("order.refunded");
    await page.locator(`#${refunded} td[data-label="Type"]`).getByText("order.refunded").waitFor();
    expect(await page.locator(`#${other}`).count()).toBe(0);
    await page.context().close();
  });

  it("are shown inert", async () => {
    const page = await bench.open();
    const id = await post(HOSTILE);
    await page.goto(`${bench.origin}/events`);
    await page.locator(`#${id}`).waitFor();
    const shown = HOSTILE.replace("\u202e", "U+202E");
    expect(await page.locator(`#${id} td[data-label="Type"]`).textContent()).toBe(shown);
    await page.goto(`${bench.origin}/events/${id}`);
    expect(await page.locator("h1").textContent()).toContain(shown);
    expect(await page.title()).toBe(`${shown} · Sluice`);
    expect(await page.locator("main img").count()).toBe(0);
    await page.context().close();
  });

  it("choose what a bulk replay takes", async () => {
    const page = await bench.open();
    await page.goto(`${bench.origin}/replays/new?status=dead`);
    await page.getByLabel("Type of event").fill("order.refunded");
    await page.getByRole("button", { name: "Show plan" }).click();
    await page.getByText("Dead letters of type order.refunded").first().waitFor();
    await page.getByText("1 delivery", { exact: true }).waitFor();
    await page.context().close();
  });
});

it("no page has a console error or violates the security policy", () => {
  expect(bench.complaints).toEqual([]);
});
