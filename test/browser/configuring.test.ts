// Configuring and operating: source, destination, connection, pause, dead letters, tokens. And the accessibility of these pages.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsAt, looking, LOOKS, startBench, type Bench } from "./harness.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  bench.answers.set("/broken", 500);
  await bench.system.route("broken", { retry: { schedule_seconds: [] }, circuit: null });
  await bench.system.route("steady", { rate_limit: { limit: 50 }, signing: { type: "standard_webhooks" } });
}, 120_000);

afterAll(async () => {
  await bench.stop();
});

const post = (slug: string, body = "{}") => bench.system.post(slug, body, { "content-type": "application/json" });
const statusOf = async (event: string) => (await bench.system.client.event(event)).status;
const settles = (event: string, status: string) =>
  expect.poll(() => statusOf(event), { timeout: 20_000, interval: 200 }).toBe(status);

async function create(
  page: Page,
  kind: "source" | "destination",
  fields: Readonly<Record<string, string>>,
): Promise<void> {
  await page.goto(`${bench.origin}/${kind}s`);
  await page.getByRole("link", { name: `New ${kind}` }).click();
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
  await page.getByRole("button", { name: `Create ${kind}` }).click();
  await page.getByText("Created.").waitFor();
}

/** The same steps work with and without JavaScript. */
describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_how, javaScriptEnabled) => {
  const name = javaScriptEnabled ? "Shop" : "Plain";
  const slug = name.toLowerCase();

  it("a source, a destination and a connection are created, and deliver what is sent to the URL shown", async () => {
    const page = await bench.open({ javaScriptEnabled });
    await create(page, "source", { Name: name });
    const url = (await page.getByRole("region", { name: "webhook URL" }).textContent())?.trim() ?? "";
    expect(url).toBe(`${bench.origin}/in/${slug}`);
    await create(page, "destination", {
      Name: `${name} API`,
      URL: `${bench.system.target}/${slug}`,
      "Rate limit (requests)": "20",
    });
    await page.goto(`${bench.origin}/connections/new`);
    await page.getByLabel("Source", { exact: true }).selectOption(name);
    await page.getByLabel("Destination", { exact: true }).selectOption(`${name} API`);
    await page.getByRole("button", { name: "Create connection" }).click();
    await page.getByText("Created.").waitFor();
    await settles(await post(slug), "delivered");
    expect(bench.system.to(slug)).toHaveLength(1);
    await page.context().close();
  });

  it("a destination is paused, holds deliveries, and is resumed", async () => {
    const page = await bench.open({ javaScriptEnabled });
    await page.goto(`${bench.origin}/destinations/${slug}-api`);
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.getByText("Paused: deliveries are held").waitFor();
    const event = await post(slug);
    const held = async () => (await bench.system.client.deliveries({ event })).data[0]?.status;
    await expect.poll(held, { timeout: 20_000 }).toBe("held");
    await page.reload();
    await page.locator("#health").getByText("1 held").waitFor();
    await page.getByRole("button", { name: "Resume", exact: true }).click();
    await page.getByText("Resumed:").waitFor();
    await settles(event, "delivered");
    await page.context().close();
  });

  it("a dead letter is found under its destination and error, and redriven", async () => {
    const page = await bench.open({ javaScriptEnabled });
    bench.answers.set("/broken", 500);
    const event = await post("broken");
    await settles(event, "dead");
    await page.goto(`${bench.origin}/dead-letters`);
    await page.getByRole("heading", { name: "broken", exact: true }).waitFor();
    await page.getByRole("heading", { name: "attempts exhausted" }).waitFor();
    await page.getByRole("row").filter({ hasText: event }).waitFor();
    bench.answers.set("/broken", 200);
    await page.getByRole("button", { name: "Redrive to broken" }).click();
    await page.getByText("Retrying: the next attempt").waitFor();
    await settles(event, "delivered");
    await page.context().close();
  });

  it("a token is created, shown once and revoked after confirmation", async () => {
    const page = await bench.open({ javaScriptEnabled });
    await page.goto(`${bench.origin}/settings/tokens`);
    await page.getByLabel("Name").fill(`${name} reader`);
    await page.getByRole("button", { name: "Create token" }).click();
    expect(await page.getByRole("region", { name: "token" }).textContent()).toMatch(/^\s*slc_/);
    await page.getByRole("link", { name: "I have copied it" }).click();
    await page.getByRole("button", { name: `Revoke ${name} reader` }).click();
    const asks = javaScriptEnabled ? page.getByRole("dialog") : page.getByRole("main");
    await asks.getByRole("button", { name: /^Revoke/ }).click();
    await page.getByText("Revoked.", { exact: true }).waitFor();
    expect(await page.getByText(`${name} reader`).count()).toBe(0);
    await page.context().close();
  });
});

describe("a form", () => {
  it("shows a provider's own fields and hints, and errors next to the field", async () => {
    const page = await bench.open();
    await page.goto(`${bench.origin}/sources/new`);
    await page.getByLabel("Name", { exact: true }).fill("Payments");
    await page.getByLabel("Provider or method").selectOption("clerk");
    await page.getByRole("button", { name: "Update fields" }).click();
    await page.getByRole("link", { name: "Clerk's documentation" }).waitFor();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Payments");
    await page.getByLabel("Secrets").fill("whsec_not base64");
    await page.getByRole("button", { name: "Create source" }).click();
    await page.getByText("must be base64, after whsec_").first().waitFor();
    expect(await page.getByLabel("Secrets").getAttribute("aria-invalid")).toBe("true");
    await page.context().close();
  });

  it("tests filter and transform on a recorded event, and shows the request", async () => {
    const page = await bench.open();
    const event = await post("steady", `{"order": {"id": 7}}`);
    await settles(event, "delivered");
    await page.goto(`${bench.origin}/connections/steady-steady/edit`);
    await page.getByLabel("Filter").fill(`{"body": {"order": {"id": 8}}}`);
    await page.getByLabel("Transform").fill(`{"path": "/orders/{{body.order.id}}"}`);
    await page.getByLabel("Recorded event (ID)").fill(event);
    await page.getByRole("button", { name: "Test filter and transform" }).click();
    await page.getByText("does not match").waitFor();
    await page.getByText("expected 8, got 7").waitFor();
    await page.getByText(`POST ${bench.system.target}/steady/orders/7`).waitFor();
    await page.context().close();
  });

  it("asks for confirmation, and deletes", async () => {
    const page = await bench.open();
    await bench.system.client.call("POST /sources", { body: { slug: "goes-away" } });
    await page.goto(`${bench.origin}/sources/goes-away`);
    await page.getByRole("button", { name: /^Delete/ }).click();
    await page.getByRole("dialog").getByText("Its URL will respond with 404").waitFor();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Delete/ })
      .click();
    await page.getByText("Deleted.").waitFor();
    await page.context().close();
  });
});

const PAGES = [
  "/sources",
  "/sources/new",
  "/sources/steady",
  "/sources/steady/edit",
  "/destinations",
  "/destinations/new",
  "/destinations/broken",
  "/destinations/steady/edit",
  "/connections",
  "/connections/new",
  "/connections/steady-steady",
  "/connections/steady-steady/edit",
  "/dead-letters",
  "/settings",
  "/settings/tokens",
  "/settings/audit",
  "/settings/config",
];

describe("the pages of the configuration", () => {
  it.each(LOOKS)("meet WCAG 2.2 AA and do not scroll sideways at %d px in %s", async (width, colorScheme) => {
    const page = await bench.open(looking(width, colorScheme));
    bench.answers.set("/broken", 500);
    await settles(await post("broken"), "dead");
    expect(await faultsAt(page, bench.origin, PAGES)).toEqual([]);
    await page.context().close();
  });
});

it("no page has a console error or violates the security policy", () => {
  // Chromium reports a page with a 4xx status as a console error; a form that is shown again has status 422.
  expect(bench.complaints.filter((line) => !/status of 422/.test(line))).toEqual([]);
});
