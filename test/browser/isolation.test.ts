// Senders and configured responses share the dashboard's origin. In a real browser, nothing they serve runs on a dashboard page.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBench, type Bench } from "./harness.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
  const served = {
    script: ["text/javascript", 'document.title = "pwned";'],
    page: ["text/html", '<title>calm</title><script>document.title = "script ran";</script>'],
    style: ["text/css", "h1 { display: none; }"],
  } as const;
  for (const [slug, [content_type, body]] of Object.entries(served))
    await bench.system.client.call("POST /sources", {
      body: { slug, allowed_methods: ["GET", "POST"], response: { status: 200, content_type, body } },
    });
});
afterAll(async () => {
  await bench.stop();
});

/** Adds elements to the page as an injection would, and waits for what the policy blocks. */
const inject = `new Promise((done) => {
  const blocked = [];
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
    blocked.push(effectiveDirective + " " + new URL(blockedURI).pathname);
    if (blocked.length === 2) done(blocked.sort());
  });
  document.head.append(
    Object.assign(document.createElement("script"), { src: "/in/script" }),
    Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/in/style" }),
  );
})`;

describe("a dashboard page", () => {
  it.each(["/", "/events", "/docs"])("runs no script and applies no style that a source serves: %s", async (path) => {
    const page = await bench.open();
    await page.goto(bench.origin + path);
    const title = await page.title();
    expect(await page.evaluate(inject)).toEqual(["script-src-elem /in/script", "style-src-elem /in/style"]);
    expect(await page.title()).toBe(title);
    expect(await page.getByRole("heading", { level: 1 }).isVisible()).toBe(true);
    await page.context().close();
  });

  it("runs its own script and applies its own style", async () => {
    const page = await bench.open();
    await page.goto(bench.origin);
    await page.getByText("Live", { exact: true }).waitFor();
    expect(await page.evaluate("getComputedStyle(document.querySelector('header.top')).display")).toBe("flex");
    await page.context().close();
  });
});

it("an HTML response of a source runs no script and has an opaque origin, also for a signed-in admin [G8]", async () => {
  const page = await bench.open();
  await page.goto(`${bench.origin}/in/page`);
  expect(await page.title()).toBe("calm");
  expect(await page.evaluate("self.origin")).toBe("null");
  await page.context().close();
});
