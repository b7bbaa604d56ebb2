// The API reference for a visitor who is not signed in: searching, reading, sending requests, in every size and color scheme.
import type { Response } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsOf, looking, WIDTHS, startBench, type Bench } from "./harness.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(async () => {
  await bench.stop();
});

/** A page in a new browser context. */
async function visit(path: string, options: Parameters<Bench["browser"]["newContext"]>[0] = {}) {
  const context = await bench.browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(bench.origin + path);
  return { page, context, complaints };
}
type Page = Awaited<ReturnType<typeof visit>>["page"];
const operation = (page: Page, id: string) => page.locator(`#${id}`);
/** Sends an operation's form. @returns its status line */
async function send(page: Page, id: string): Promise<string> {
  const section = operation(page, id);
  await section.getByRole("button", { name: /^Send/ }).click();
  const status = section.locator("[data-status]");
  await status.filter({ hasText: /^\d{3} / }).waitFor();
  return (await status.textContent()) ?? "";
}

describe("the API reference", () => {
  it("is searched, read and tried, with a token that stays in the page's memory", async () => {
    const { page, context, complaints } = await visit("/docs");
    await page.getByLabel("Find an operation").fill("CREATEsource");
    await page.getByText("1 found").waitFor();
    await page.getByRole("link", { name: "Create a source" }).click();
    await operation(page, "createSource").getByText("Try it").click();
    expect(await send(page, "createSource")).toMatch(/^401 /);
    await page.getByLabel("API token").fill(bench.system.client.token);
    await operation(page, "createSource").getByLabel("Body").fill('{"slug":"from-docs"}');
    expect(await send(page, "createSource")).toMatch(/^201 /);
    expect(await operation(page, "createSource").locator("[data-answer]").textContent()).toContain(
      '"slug": "from-docs"',
    );
    await operation(page, "getSource").getByText("Try it").click();
    await operation(page, "getSource").getByLabel("id").fill("from-docs");
    expect(await send(page, "getSource")).toMatch(/^200 /);
    await operation(page, "listSources").getByText("Try it").click();
    await operation(page, "listSources").getByLabel("limit").fill("0");
    expect(await send(page, "listSources")).toMatch(/^422 /);
    // Nothing was stored.
    expect(await page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length")).toBe(0);
    await page.reload();
    expect(await page.getByLabel("API token").inputValue()).toBe("");
    // The browser reports the two refused requests; the security policy reports nothing.
    expect(complaints.filter((text) => !/status of (401|422)/.test(text))).toEqual([]);
    await context.close();
  });

  it("explains a problem at the URL in its type", async () => {
    const answer = await fetch(`${bench.origin}/api/v1/sources`);
    const { type } = await answer.json<{ type: string }>();
    const { page, context } = await visit(type);
    await page.getByRole("heading", { name: "unauthorized" }).waitFor();
    expect(await page.locator(":target").getByText("Authorization: Bearer <token>").count()).toBe(1);
    await context.close();
  });

  it("can be read without JavaScript, and hides forms that need it", async () => {
    const { page, context } = await visit("/docs/sources", { javaScriptEnabled: false });
    await operation(page, "createSource").getByText("Try it").click();
    await operation(page, "createSource").getByText("curl -g -X POST").waitFor();
    expect(await page.locator("input:visible, button:visible, textarea:visible").count()).toBe(0);
    await context.close();
  });

  it.each([
    "/docs",
    "/docs/sources",
    "/docs/destinations",
    "/docs/destinations/schemas",
    "/docs/configuration-as-a-document",
  ])("%s loads less than 100 KB, and nothing from other hosts", async (path) => {
    const context = await bench.browser.newContext();
    const page = await context.newPage();
    const responses: Response[] = [];
    page.on("response", (response) => responses.push(response));
    await page.goto(bench.origin + path, { waitUntil: "networkidle" });
    // Uncompressed; the edge may send less.
    const sizes = await Promise.all(responses.map(async (response) => (await response.body()).byteLength));
    expect(responses.map((response) => new URL(response.url()).pathname)).toContain("/assets/docs.js");
    expect(responses.map((response) => new URL(response.url()).origin).filter((from) => from !== bench.origin)).toEqual(
      [],
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000);
    await context.close();
  });

  it.each(WIDTHS)("meets WCAG 2.2 AA and does not scroll sideways at %i px, in light and in dark", async (width) => {
    for (const path of [
      "/docs",
      "/docs/sources",
      "/docs/events",
      "/docs/configuration-as-a-document",
      "/docs/errors",
    ]) {
      const { page, context } = await visit(path, looking(width));
      await page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))");
      expect(await faultsOf(page, path)).toEqual([]);
      await context.close();
    }
  });
});
