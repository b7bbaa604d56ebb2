// Live pages: new events, a failing delivery and its retry, hostile payloads, keyboard shortcuts, sizes, accessibility.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsAt, looking, WIDTHS, startBench, type Bench } from "./harness.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  await bench.system.route("shop");
  bench.answers.set("/failing", 500);
  await bench.system.route("failing", { retry: { schedule_seconds: [3_600] }, circuit: null });
});

afterAll(async () => {
  await bench.stop();
});

describe("signing in", () => {
  it("shows an error for a wrong token and signs in with a valid one", async () => {
    const page = await bench.browser.newPage();
    await page.goto(`${bench.origin}/events`);
    expect(page.url()).toContain("/login?next=");
    await page.getByLabel("API token").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This token is not valid.").waitFor();
    await page.getByLabel("API token").fill(bench.system.client.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Events", exact: true }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API token").waitFor();
    await page.goto(`${bench.origin}/events`);
    expect(page.url()).toContain("/login");
    await page.close();
  });
});

describe("an event", () => {
  it("appears in the open list by itself, and its page shows the outcome", async () => {
    const page = await bench.open();
    await page.goto(`${bench.origin}/events`);
    await page.getByText("Live", { exact: true }).waitFor();
    const id = await bench.system.post("shop", `{"order":1}`, { "content-type": "application/json" });
    const row = page.locator(`#${id}`);
    await row.waitFor();
    await row.getByText("delivered").waitFor();
    // A row is a link as a whole.
    await row.click({ position: { x: 4, y: 4 } });
    await page.getByText("First attempt: HTTP 200").waitFor();
    await page.getByText(`"order": 1`).waitFor();
    await page.getByText("Copy as curl").click();
    const command = page.getByRole("region", { name: "command that sends this request again" });
    expect(await command.textContent()).toContain(`curl -g -X POST ${bench.origin}/in/shop`);
    await page.context().close();
  });

  it("fails, is retried with a key, and the page follows to the end", async () => {
    const page = await bench.open();
    const id = await bench.system.post("failing", "{}");
    await page.goto(`${bench.origin}/events/${id}`);
    await page.getByText("First attempt: HTTP 500").waitFor();
    await page.getByText(/Attempt 2 in (1\.\d h|1 h|5\d min)/).waitFor();
    bench.answers.set("/failing", 200);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.keyboard.press("r");
    await page.getByText("Retrying: the next attempt").waitFor();
    await page.getByText("Attempt 2: HTTP 200").waitFor();
    expect(await page.locator("#summary").getByText("delivered").count()).toBe(1);
    bench.answers.set("/failing", 500);
    await page.context().close();
  });

  it("asks for confirmation, and cancels", async () => {
    const page = await bench.open();
    const id = await bench.system.post("failing", "{}");
    await page.goto(`${bench.origin}/events/${id}`);
    await page.getByText("First attempt: HTTP 500").waitFor();
    await page.getByRole("button", { name: /^Cancel/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Go back" }).click();
    expect(await page.locator("#summary").getByText("in progress").count()).toBe(1);
    await page.getByRole("button", { name: /^Cancel/ }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Cancel/ })
      .click();
    await page.getByText("Cancelled.", { exact: true }).waitFor();
    await page.context().close();
  });

  it("is retried, replayed and cancelled without JavaScript, with a confirmation page before cancelling", async () => {
    const page = await bench.open({ javaScriptEnabled: false });
    const id = await bench.system.post("failing", "{}");
    await expect
      .poll(
        async () => (
          await page.goto(`${bench.origin}/events/${id}`),
          page.getByText("First attempt: HTTP 500").count()
        ),
        {
          timeout: 120_000,
        },
      )
      .toBe(1);
    await page.getByRole("link", { name: /^Replay to failing/ }).click();
    await page.getByText("Makes one new delivery of the stored event").waitFor();
    await page.getByRole("button", { name: "Replay to failing" }).click();
    await page.getByText("Replayed: new deliveries are queued.").waitFor();
    await page
      .getByRole("button", { name: /^Cancel/ })
      .last()
      .click();
    await page.getByRole("heading", { name: "Cancel this delivery?" }).waitFor();
    await page.getByRole("button", { name: "Cancel delivery" }).click();
    await page.getByText("Cancelled.", { exact: true }).waitFor();
    await page.context().close();
  });
});

describe("the list of deliveries", () => {
  it("shows what fails at one destination; its row leads to the answer and to the request as sent", async () => {
    const page = await bench.open({ timezoneId: "Asia/Kathmandu", permissions: ["clipboard-read", "clipboard-write"] });
    const id = await bench.system.post("failing", `{"order":{"id":1,"items":[1,2]}}`, {
      "content-type": "application/json",
    });
    await page.goto(`${bench.origin}/deliveries?destination=failing`);
    await page.getByRole("link", { name: "Failing now" }).click();
    const row = page.locator("tr", { has: page.locator(`a[href*="${id}"]`) });
    await row.getByText("HTTP 500").waitFor();
    await row.click({ position: { x: 4, y: 4 } });
    await page.waitForURL(`**/events/${id}?delivery=*`);
    await page.getByText("answer of the receiver").waitFor();
    await page.getByText("This is wait 1 of the retry schedule: waits of 1 h").waitFor();
    await page.locator("#sent").getByText("Byte for byte as received").waitFor();
    await page.locator("#sent").getByText(`${bench.system.target}/failing`).waitFor();
    const items = page.locator("#received .json").getByText(`"items": [`);
    await items.click();
    expect(await page.locator("#received .json").getByText("2", { exact: true }).isVisible()).toBe(false);
    await page.getByRole("button", { name: "Copy the body as received" }).click();
    await page.getByText("Copied").waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(`{"order":{"id":1,"items":[1,2]}}`);
    await page.context().close();
  });

  it("takes times in the viewer's zone, and has them in UTC in the URL; without JavaScript it takes UTC", async () => {
    for (const [options, zone, at] of [
      [{ timezoneId: "Asia/Tokyo" }, "Asia/Tokyo", "2025-01-01T03:00"],
      [{ javaScriptEnabled: false }, "UTC", "2025-01-01T12:00"],
    ] as const) {
      const page = await bench.open(options);
      await page.goto(`${bench.origin}/deliveries`);
      await page.getByText("More filters").click();
      await page.getByLabel(`From (${zone})`).fill("2025-01-01T12:00:00");
      await page.getByRole("button", { name: "Apply" }).click();
      await page.waitForURL(/from=/);
      expect(new URL(page.url()).searchParams.get("from")).toContain(at);
      expect(await page.getByLabel(`From (${zone})`).inputValue()).toMatch(/^2025-01-01T12:00/);
      await page.locator("#deliveries tr").nth(1).waitFor();
      await page.context().close();
    }
  });
});

describe("the histogram of events", () => {
  it("opens the events of a selected range", async () => {
    const page = await bench.open();
    await page.goto(`${bench.origin}/events`);
    const figure = page.locator("#histogram figure");
    const read = async (name: string): Promise<string> => (await figure.getAttribute(`data-${name}`)) ?? "";
    const bars = Number(await read("bars"));
    const from = Date.parse(await read("from"));
    const step = (Date.parse(await read("to")) - from) / bars;
    // None while a live page is replacing the chart.
    let box = null;
    while (box === null) box = await figure.locator("svg").boundingBox();
    const { x, y, width, height } = box;
    const middleOf = (bar: number): number => x + ((bar + 0.5) / bars) * width;
    await page.mouse.move(middleOf(2), y + height / 2);
    await page.mouse.down();
    await page.mouse.move(middleOf(4), y + height / 2, { steps: 3 });
    await page.mouse.up();
    await page.waitForURL(({ searchParams }) => searchParams.has("from"));
    const { searchParams } = new URL(page.url());
    expect(Date.parse(searchParams.get("from") ?? "")).toBe(from + 2 * step);
    expect(Date.parse(searchParams.get("to") ?? "")).toBe(from + 5 * step);
    await page.getByText("No matching events.").waitFor();
    await page.context().close();
  });
});

describe("times", () => {
  it("are shown in the viewer's time zone, with the exact time on hover", async () => {
    const page = await bench.open({ timezoneId: "Asia/Kathmandu", locale: "en-GB" });
    const id = await bench.system.post("shop", "{}");
    await page.goto(`${bench.origin}/events/${id}`);
    const time = page.locator("#summary time").first();
    const at = new Date((await time.getAttribute("datetime")) ?? "");
    const local = at.toLocaleTimeString("en-GB", { timeZone: "Asia/Kathmandu" });
    await expect.poll(() => time.textContent()).toContain(local);
    const title = (await time.getAttribute("title")) ?? "";
    expect([title.includes(local), title.includes(at.toISOString())]).toEqual([true, true]);
    await page.context().close();
  });
});

describe("a destination's page", () => {
  it("follows its circuit without reloading", async () => {
    bench.answers.set("/breaking", 500);
    await bench.system.route("breaking", {
      retry: { schedule_seconds: [] },
      circuit: { failure_threshold: 2, open_seconds: 600 },
    });
    const page = await bench.open();
    await page.goto(`${bench.origin}/destinations/breaking`);
    await page.locator("#health").getByText("never used").waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await bench.system.post("breaking", "{}");
    await bench.system.post("breaking", "{}");
    await page.locator("#health").getByText("circuit open", { exact: true }).waitFor();
    await page.locator("#health").getByText("Next probe").waitFor();
    await page.context().close();
  });
});

describe("data from senders", () => {
  it("is shown inert: markup, control and bidi characters, binary, headers", async () => {
    const page = await bench.open();
    const hostile = `<script>document.title="pwned"</script><img src=x onerror="document.title='pwned'">\u202Etxt\u0007\u001b[31m`;
    const id = await bench.system.post("shop/<b>?q=<i>", hostile, {
      "content-type": "text/html",
      "x-evil": `"><script>document.title="pwned"</script>`,
    });
    await page.goto(`${bench.origin}/events/${id}`);
    const body = page.getByRole("region", { name: "Body, as received" });
    await body.waitFor();
    expect(await body.textContent()).toContain(`<script>document.title="pwned"</script>`);
    for (const point of ["U+202E", "U+0007", "U+001B"]) expect(await body.textContent()).toContain(point);
    for (const character of ["\u202e", "\u0007", "\u001b"]) expect(await body.textContent()).not.toContain(character);
    expect(await page.locator("main script, main img, main iframe").count()).toBe(0);
    expect(await page.title()).not.toContain("pwned");
    await page.goto(`${bench.origin}/events`);
    expect(await page.locator("main script, main img").count()).toBe(0);

    const binary = await bench.system.post(
      "shop",
      new Uint8Array(2_000).map((_byte, index) => index),
      { "content-type": "text/html" },
    );
    await page.goto(`${bench.origin}/events/${binary}`);
    expect(await page.getByRole("region", { name: "Body, as received" }).textContent()).toContain(
      "000000  00 01 02 03",
    );
    await page.context().close();
  });

  it("is cut when it is 5 MB, and downloads completely, as a file", async () => {
    await bench.system.client.call("PATCH /sources/{id}", { id: "shop", body: { max_body_bytes: 6_000_000 } });
    const text = "<b>5 MB</b>".repeat(460_000);
    const id = await bench.system.post("shop", text, { "content-type": "text/html" });
    const page = await bench.open();
    await expect
      .poll(
        async () => (
          await page.goto(`${bench.origin}/events/${id}`),
          page.getByRole("region", { name: "Body, as received" }).count()
        ),
        {
          timeout: 120_000,
        },
      )
      .toBe(1);
    expect((await page.content()).length).toBeLessThan(150_000);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: /Download the body/ }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe(text);
    await page.context().close();
  });
});

describe("the keyboard", () => {
  it("searches with /, moves with j and k, and shows the shortcuts with ?", async () => {
    const page = await bench.open();
    const id = await bench.system.post("shop", "{}");
    await page.goto(`${bench.origin}/events`);
    await page.locator(`#${id}`).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    const second = await page.locator(".current").getAttribute("id");
    await page.keyboard.press("k");
    expect(await page.locator(".current").getAttribute("id")).not.toBe(second);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type(id);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/events/${id}`);
    await page.context().close();
  });
});

describe("the pages", () => {
  it("keep navigation and sign-out visible and separate, however far they are scrolled", async () => {
    const page = await bench.open({ viewport: { width: 1_440, height: 600 } });
    await page.goto(`${bench.origin}/destinations/new`);
    await page.mouse.move(800, 400);
    await page.mouse.wheel(0, 10_000);
    await expect.poll(() => page.evaluate("scrollY")).toBeGreaterThan(100);
    const [last, out] = [
      await page.getByRole("navigation", { name: "Main" }).getByRole("link").last().boundingBox(),
      await page.getByRole("button", { name: "Sign out" }).boundingBox(),
    ];
    expect(last?.y).toBeGreaterThan(0);
    expect(out?.y).toBeGreaterThanOrEqual((last?.y ?? Infinity) + (last?.height ?? 0));
    expect(out?.y).toBeLessThan(600);
    await page.context().close();
  });

  it.each(["overview", "list of events", "event"])(
    "transfer less than 60 KB on the first visit: the %s",
    async (which) => {
      const id = await bench.system.post("shop", JSON.stringify({ filler: "x".repeat(4_000) }), {
        "content-type": "application/json",
      });
      const path = which === "overview" ? "/" : which === "event" ? `/events/${id}` : "/events";
      const visit = await bench.open();
      let transferred = 0;
      const session = await visit.context().newCDPSession(visit);
      await session.send("Network.enable");
      await session.send("Network.clearBrowserCache");
      session.on("Network.loadingFinished", ({ encodedDataLength }) => (transferred += encodedDataLength));
      await visit.goto(bench.origin + path, { waitUntil: "networkidle" });
      expect(transferred).toBeGreaterThan(5_000);
      expect(transferred).toBeLessThan(60_000);
      await visit.context().close();
    },
  );

  it.each(WIDTHS)("meet WCAG 2.2 AA and do not scroll sideways at %d px, in light and in dark", async (width) => {
    const page = await bench.open(looking(width));
    const id = await bench.system.post("shop", `{"a":[1,2,{"b":"c"}]}`, { "content-type": "application/json" });
    await page.goto(`${bench.origin}/events/${id}`);
    await page.getByText("First attempt: HTTP 200").waitFor();
    expect(
      await faultsAt(page, bench.origin, [
        "/",
        "/events",
        "/events?status=dead",
        `/events/${id}`,
        `/events/${id}/replay`,
        "/deliveries?from=2025-01-01",
        "/login",
      ]),
    ).toEqual([]);
    await page.context().close();
  });
});

it("no page has a console error or violates the security policy", () => {
  // Chromium reports a page with a 4xx status as a console error.
  expect(bench.complaints.filter((line) => !/status of 401/.test(line))).toEqual([]);
});
