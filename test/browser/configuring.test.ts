// Configuring and operating: source, destination, connection, pause, dead letters, tokens. And the accessibility of these pages.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsAt, faultsOf, looking, WIDTHS, startBench, type Bench } from "./harness.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  bench.answers.set("/broken", 500);
  await bench.system.route("broken", { retry: { schedule_seconds: [] }, circuit: null });
  await bench.system.route("steady", { rate_limit: { limit: 50 }, signing: { type: "standard_webhooks" } });
});

afterAll(async () => {
  await bench.stop();
});

const post = (slug: string, body = "{}") => bench.system.post(slug, body, { "content-type": "application/json" });
const statusOf = async (event: string) => (await bench.system.client.event(event)).status;
const WITHIN = { timeout: 120_000, interval: 300 };
const settles = (event: string, status: string) =>
  expect.poll(() => statusOf(event), { timeout: 120_000, interval: 200 }).toBe(status);

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

const COUNT_CLICKS = `addEventListener(
  "click",
  (event) => event.detail > 0 && (sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1),
  true,
);`;

describe("a newcomer", () => {
  it("sees the first event delivered within 5 clicks and 60 seconds of signing in", async () => {
    const page = await bench.open();
    await page.context().clearCookies();
    // In the page, so that every press of a button counts, whoever makes it.
    await page.addInitScript({ content: COUNT_CLICKS });
    await page.goto(`${bench.origin}/login`);
    await page.getByLabel("API token").fill(bench.system.client.token);
    const started = performance.now();
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("main").getByRole("link", { name: "Connect a provider" }).click();
    await page.getByLabel("Search providers").fill("zzz");
    await page.getByText("No such provider").waitFor();
    expect(await page.getByRole("link", { name: "Standard Webhooks" }).isVisible()).toBe(true);
    await page.getByLabel("Search providers").fill("stri");
    await page.getByRole("link", { name: "Stripe" }).click();
    const url = (await page.getByRole("region", { name: "webhook URL" }).textContent())?.trim() ?? "";
    expect(url).toBe(`${bench.origin}/in/stripe`);
    await page.getByLabel("Secret", { exact: true }).fill("whsec_of_a_newcomer");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByRole("button", { name: "Send a test event" }).click();
    await page.locator("#tested").getByText("delivered").waitFor();
    const seconds = (performance.now() - started) / 1_000;
    const clicks = Number(await page.evaluate("sessionStorage.getItem('clicks')"));
    expect(clicks).toBeGreaterThan(0);
    expect(clicks).toBeLessThanOrEqual(5);
    expect(seconds).toBeLessThan(60);
    await page.locator("#tested").getByText("mock answered 200").waitFor();
    const [event] = (await bench.system.client.events({ source: "stripe" })).data;
    expect(event).toMatchObject({ event_type: "invoice.paid", verified: true, status: "delivered" });
    await page.context().close();
  });

  it("connects the own API without JavaScript, and enters the secret later", async () => {
    const page = await bench.open({ javaScriptEnabled: false });
    await page.goto(`${bench.origin}/connect`);
    await page.getByLabel("Search providers").fill("hub");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    expect(await page.locator("#providers").getByRole("listitem").allTextContents()).toEqual(["GHGitHub", "HSHubSpot"]);
    await page.getByRole("link", { name: "GitHub" }).click();
    await page.getByLabel("My API").check();
    await page.getByLabel("URL of the API").fill("not a URL");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByText("is not an absolute URL").first().waitFor();
    await page.getByLabel("URL of the API").fill(`${bench.system.target}/guided`);
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByText("waits for its secret").waitFor();
    const refused = await fetch(`${bench.origin}/in/github`, { method: "POST", body: "{}" });
    expect([refused.status, await refused.json()]).toMatchObject([401, { code: "awaiting_secret" }]);

    const test = async (type: string): Promise<void> => {
      await page.getByLabel("Event type").selectOption(type);
      await page.getByRole("button", { name: "Send a test event" }).click();
      const shown = page.locator("#tested");
      await expect
        .poll(async () => {
          const again = shown.getByRole("link", { name: "Check again" });
          if ((await again.count()) > 0) await again.click();
          return shown.getByText("delivered").count();
        }, WITHIN)
        .toBe(1);
    };
    await test("push");
    await page.getByText("It was not signed: the source still waits for its secret.").waitFor();
    await page.getByLabel("Secret", { exact: true }).fill("of-a-newcomer");
    await page.getByRole("button", { name: "Save secret" }).click();
    await page.getByText("A secret is set").waitFor();
    await test("issues");
    const [unsigned, signed] = bench.system.to("guided");
    expect([unsigned?.headers["x-github-event"], signed?.headers["x-github-event"]]).toEqual(["push", "issues"]);
    expect(unsigned?.headers["x-hub-signature-256"]).toBeUndefined();
    expect(signed?.headers["x-hub-signature-256"]).toMatch(/^sha256=/);
    await page.context().close();
  });
});

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
    await page.getByLabel("Source", { exact: true }).fill(slug);
    await page.getByLabel("Destination", { exact: true }).fill(`${slug}-api`);
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
    await expect.poll(held, { timeout: 120_000 }).toBe("held");
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
    await page.getByRole("heading", { name: "all attempts failed" }).waitFor();
    await page.getByRole("row").filter({ hasText: event }).waitFor();
    bench.answers.set("/broken", 200);
    await page.getByRole("button", { name: "Redrive to broken" }).click();
    await page.getByText("Retrying: the next attempt").waitFor();
    await settles(event, "delivered");
    await page.context().close();
  });

  it("an issue is opened by a failure, acknowledged, and leads to the redrive of its dead letters", async () => {
    const page = await bench.open({ javaScriptEnabled });
    bench.answers.set("/broken", 501);
    const event = await post("broken");
    await settles(event, "dead");
    await page.goto(`${bench.origin}/destinations/broken`);
    await page.getByRole("link", { name: "HTTP 501" }).click();
    await page.getByRole("heading", { name: "HTTP 501 at broken" }).waitFor();
    const acknowledge = page.getByRole("button", { name: "Acknowledge" });
    if (javaScriptEnabled) {
      await acknowledge.click();
      await page.locator("#issue").getByText("acknowledged", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Undo acknowledgement" }).click();
      await acknowledge.click();
      await page.getByRole("button", { name: "Mute", exact: true }).click();
      await page
        .locator("#issue")
        .getByText(/^until /)
        .waitFor();
      await page.getByRole("button", { name: "Unmute" }).click();
      await page.getByLabel("How long").selectOption("for good");
      await page.getByRole("button", { name: "Mute", exact: true }).click();
      await page.locator("#issue").getByText("muted", { exact: true }).waitFor();
    } else expect(await acknowledge.count()).toBe(0);
    await page.getByRole("link", { name: "Redrive them" }).click();
    await page.getByRole("button", { name: "Show plan" }).click();
    await page.getByText("Dead letters to broken that failed with HTTP 501").waitFor();
    bench.answers.set("/broken", 200);
    await page.getByRole("button", { name: /^Replay 1 / }).click();
    await settles(event, "delivered");
    await page.context().close();
  });

  it("a transform is tried on the stored events, and applied", async () => {
    const page = await bench.open({ javaScriptEnabled });
    await settles(await post("steady", `{"order": {"id": 7}}`), "delivered");
    await page.goto(`${bench.origin}/connections/steady-steady/edit`);
    await page.getByLabel("Transform").fill(`{"headers": {"set": {"x-tried": "${slug} {{body.order.id}}"}}}`);
    await page.getByLabel("Pace to try").fill("0");
    const tries = page.getByRole("button", { name: "Try it on the last 100 events" });
    await tries.click();
    await page.locator("#preview").getByText("must be").first().waitFor();
    await page.getByLabel("Pace to try").fill("5");
    await tries.click();
    await page.locator("#preview").getByText("request changes").first().waitFor();
    await page.getByText("What changes").first().click();
    await page.getByText(`x-tried: ${slug} 7`).first().waitFor();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("Saved.").waitFor();
    await page.getByText(`${slug} {{body.order.id}}`).waitFor();
    await page.context().close();
  });

  it("a filter is tried before its connection is made", async () => {
    const page = await bench.open({ javaScriptEnabled });
    await settles(await post("steady", `{"order": {"id": 8}}`), "delivered");
    await page.goto(`${bench.origin}/connections/new?source=steady&destination=steady`);
    await page.getByLabel("Filter").fill(`{"body": {"order": {"id": {"$lt": 8}}}}`);
    await page.getByRole("button", { name: "Try it on the last 100 events" }).click();
    await page.locator("#preview").getByText("does not match").first().waitFor();
    expect(await page.getByLabel("Filter").inputValue()).toContain("$lt");
    // Enter tries it, too. It never saves.
    await page.getByLabel("Pace to try").fill("5");
    await page.getByLabel("Pace to try").press("Enter");
    await page.locator("#preview").getByText("Backlog", { exact: true }).waitFor();
    await page.getByLabel("Path", { exact: true }).fill("/orders");
    await page.getByLabel("Path", { exact: true }).press("Enter");
    await page.getByRole("heading", { name: "New connection" }).waitFor();
    expect(new URL(page.url()).hash).toBe(javaScriptEnabled ? "#try" : "#preview");
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
    await page.getByRole("link", { name: "Clerk's documentation" }).waitFor();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Payments");
    await page.getByLabel("Secrets").fill("whsec_not base64");
    await page.getByRole("button", { name: "Create source" }).click();
    await page.getByText("must be base64, after whsec_").first().waitFor();
    expect(await page.getByLabel("Secrets").getAttribute("aria-invalid")).toBe("true");
    await page.context().close();
  });

  it("has the fields of what is selected at once, and keeps what was entered, secrets too", async () => {
    const page = await bench.open();
    await page.goto(`${bench.origin}/sources/new`);
    await page.getByLabel("Name", { exact: true }).fill("Octocat");
    await page.getByLabel("Provider or method").selectOption("github");
    await page.getByLabel("Secrets").fill("kept");
    await page.getByLabel("Provider or method").selectOption("stripe");
    await page.getByRole("link", { name: "Stripe's documentation" }).waitFor();
    expect(await page.getByRole("button", { name: "Update fields" }).count()).toBe(0);
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Octocat");
    expect(await page.getByLabel("Secrets").inputValue()).toBe("kept");
    expect(await page.getByText("Enter it again").count()).toBe(0);
    expect(await page.evaluate("document.activeElement.name")).toBe("verification/secrets");

    await page.goto(`${bench.origin}/destinations/new`);
    await page.getByLabel("Name", { exact: true }).fill("Answers itself");
    await page.getByLabel("Type", { exact: true }).selectOption("mock");
    await page.getByLabel("URL", { exact: true }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Create destination" }).click();
    await page.getByText("Created.").waitFor();
    await page.goBack();
    await page.getByLabel("URL", { exact: true }).waitFor({ state: "detached" });
    expect(await page.getByLabel("Type", { exact: true }).inputValue()).toBe("mock");
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
    await page.setViewportSize({ width: 390, height: 900 });
    await page.getByLabel("Filter").fill(`{"path": "/orders"}`);
    await page.getByLabel("Path", { exact: true }).fill(`/${"x".repeat(900)}`);
    await page.getByRole("button", { name: "Test filter and transform" }).click();
    await page.getByText("path: expected").waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
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
  "/connect",
  "/connect?provider=slack&destination=steady",
  "/connect/steady-steady",
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
  "/issues",
  "/dead-letters",
  "/settings",
  "/settings/tokens",
  "/settings/audit",
  "/refused",
  "/settings/config",
];

describe("the pages of the configuration", () => {
  it.each(WIDTHS)("meet WCAG 2.2 AA and do not scroll sideways at %d px, in light and in dark", async (width) => {
    const page = await bench.open(looking(width));
    bench.answers.set("/broken", 500);
    await settles(await post("broken"), "dead");
    expect(await faultsAt(page, bench.origin, PAGES)).toEqual([]);
    await page.goto(`${bench.origin}/issues?destination=broken`);
    await page.getByRole("link", { name: "HTTP 500" }).first().click();
    await page.getByRole("heading", { name: "HTTP 500 at broken" }).waitFor();
    expect(await faultsOf(page, "an issue")).toEqual([]);
    await page.goto(`${bench.origin}/connections/steady-steady/edit`);
    await page.getByLabel("Transform").fill(`{"headers": {"set": {"x-look": "{{body.order.id}}"}}}`);
    await page.getByRole("button", { name: "Try it on the last 100 events" }).click();
    await page.getByText("What changes").first().click();
    expect(await faultsOf(page, "a preview")).toEqual([]);
    await page.context().close();
  });
});

it("no page has a console error or violates the security policy", () => {
  // Chromium reports a page with a 4xx status as a console error; a form that is shown again has status 422.
  expect(bench.complaints.filter((line) => !/status of 422/.test(line))).toEqual([]);
});
