// Alerts: created with errors shown next to their fields, tested, shown when they fire, deleted. And the accessibility of these pages.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { faultsAt, looking, WIDTHS, startBench, type Bench } from "./harness.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  for (const name of ["broken", "plain", "busy"]) {
    bench.answers.set(`/${name}`, 500);
    await bench.system.route(name, { retry: { schedule_seconds: [] }, circuit: null });
  }
});

afterAll(async () => {
  await bench.stop();
});

const POLL = { timeout: 120_000, interval: 500 };

async function fill(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
}

it("the empty page explains the first step", async () => {
  const page = await bench.open();
  await page.goto(`${bench.origin}/alerts`);
  await page.getByRole("heading", { name: "No alerts yet" }).waitFor();
  await page.getByRole("link", { name: "Create the first one" }).click();
  await page.getByRole("heading", { name: "New alert" }).waitFor();
  await page.context().close();
});

/** The same steps work with and without JavaScript. */
describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_how, javaScriptEnabled) => {
  const name = javaScriptEnabled ? "Orders fail" : "Plain";
  const route = javaScriptEnabled ? "broken" : "plain";
  const path = `/told-of-${route}`;

  it("an alert is created, with errors next to their fields; a sample arrives; it fires, is shown, and is deleted", async () => {
    const page = await bench.open({ javaScriptEnabled });
    await page.goto(`${bench.origin}/alerts`);
    await page.getByRole("link", { name: "New alert" }).click();
    await page.getByLabel("Target").selectOption("Signed webhook");
    if (!javaScriptEnabled) await page.getByRole("button", { name: "Update fields" }).last().click();
    await page.getByText("It is signed according to Standard Webhooks").waitFor();

    const wrong = page.getByLabel("Window (seconds)");
    await fill(page, { Name: name, "Window (seconds)": "5", URL: `${bench.system.target}${path}` });
    await page.getByLabel("Destination", { exact: true }).fill(route);
    await page.getByRole("button", { name: "Create alert" }).last().click();
    await page.getByRole("alert").waitFor();
    expect(await wrong.getAttribute("aria-invalid")).toBe("true");
    const said = await wrong.getAttribute("aria-describedby");
    expect(await page.locator(`[id="${said?.split(" ").at(-1)}"]`).textContent()).toContain("60");
    expect(await page.content()).not.toContain(path);

    await fill(page, { "Window (seconds)": "600", URL: `${bench.system.target}${path}` });
    await page.getByRole("button", { name: "Create alert" }).last().click();
    await page.getByText("Created.").waitFor();

    await page.getByRole("button", { name: "Send a sample" }).click();
    await page.getByText("The sample notice was delivered").waitFor();
    expect(bench.system.arrivals.filter((arrival) => arrival.path === path)).toHaveLength(1);
    bench.answers.set(path, 404);
    await page.getByRole("button", { name: "Send a sample" }).click();
    await page.getByRole("alert").getByText("the target responded with 404").waitFor();
    bench.answers.delete(path);

    await page.goto(`${bench.origin}/alerts`);
    const row = page.getByRole("row").filter({ hasText: name });
    await bench.system.post(route);
    await expect
      .poll(async () => {
        if (!javaScriptEnabled) await page.reload();
        return row.getByText("firing").count();
      }, POLL)
      .toBe(1);
    await page.goto(bench.origin);
    await page.getByRole("region", { name: "Needs attention" }).getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { name, exact: true }).waitFor();

    await page.getByRole("button", { name: /^Delete/ }).click();
    const asks = javaScriptEnabled ? page.getByRole("dialog") : page.getByRole("main");
    await asks.getByText("No notice is sent").waitFor();
    await asks.getByRole("button", { name: /^Delete/ }).click();
    await page.getByText("Deleted.").waitFor();
    expect(await page.getByRole("link", { name }).count()).toBe(0);
    await page.context().close();
  });
});

describe("the pages of alerts", () => {
  let pages: readonly string[];

  beforeAll(async () => {
    const { client, post, target } = bench.system;
    const to = (path: string) => ({ type: "webhook", url: `${target}${path}` }) as const;
    const rule = { type: "dead_letters" } as const;
    bench.answers.set("/nobody", 500);
    await client.call("POST /alerts", {
      body: { name: "Off", enabled: false, rule: { type: "circuit_open" }, target: to("/off") },
    });
    const { id } = await client.call("POST /alerts", { body: { name: "A".repeat(120), rule, target: to("/nobody") } });
    await post("busy");
    await vi.waitFor(
      async () => expect((await client.call("GET /alerts/{id}", { id })).last_error).toBe("http_500"),
      POLL,
    );
    const here = `/alerts/${id}`;
    pages = ["/", "/alerts", "/alerts/new", here, `${here}/edit`];
  });

  it.each(WIDTHS)("meet WCAG 2.2 AA and do not scroll sideways at %d px, in light and in dark", async (width) => {
    const page = await bench.open(looking(width));
    expect(await faultsAt(page, bench.origin, pages)).toEqual([]);
    await page.context().close();
  });
});

it("no page has a console error or violates the security policy", () => {
  // Chromium reports a page with a 4xx status as a console error; a form that is shown again has status 422.
  expect(bench.complaints.filter((line) => !/status of 422/.test(line))).toEqual([]);
});
