// The dashboard: a copied cookie is refused after sign-out, and scripts from other paths do not run.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createBrowser, ORIGIN } from "../dashboard/harness.ts";

describe("a session", () => {
  it("ends when it is signed out: a copy of its cookie is refused on every page, other sessions stay", async () => {
    const [browser, other] = [createBrowser(), createBrowser()];
    await browser.signIn();
    await other.signIn();
    const copied = browser.cookie();
    const csrf = await browser.csrf();
    await browser.post("/logout", { _csrf: csrf });
    browser.setCookie(copied);
    for (const path of ["/", "/events", "/settings/tokens", "/live"])
      expect([path, (await browser.get(path)).location]).toEqual([path, expect.stringMatching(/^\/login/)]);
    expect((await browser.post("/sources", { _csrf: csrf, name: "x" })).location).toBe("/login");
    expect((await other.get("/events")).status).toBe(200);
  });

  it("leaves no record of its end once it would have expired", async () => {
    let now = Date.now();
    const ended = async (): Promise<unknown> =>
      (await env.DB.prepare("SELECT count(*) AS rows FROM ended_sessions").first())?.["rows"];
    const signOut = async (): Promise<void> => {
      const browser = createBrowser({ now: () => now });
      await browser.signIn();
      await browser.post("/logout", { _csrf: await browser.csrf() });
    };
    await env.DB.exec("DELETE FROM ended_sessions");
    await signOut();
    expect(await ended()).toBe(1);
    now += 12 * 3_600_000;
    await signOut();
    expect(await ended()).toBe(1);
  });
});

it("pages run scripts and apply styles from /assets/ only", async () => {
  const browser = createBrowser();
  await browser.signIn();
  for (const path of ["/", "/events", "/login", "/docs", "/nothing-here"]) {
    const policy = (await browser.get(path)).headers.get("content-security-policy") ?? "";
    const directives = new Map(policy.split("; ").map((one) => [one.split(" ")[0], one.split(" ").slice(1).join(" ")]));
    expect([path, directives.get("default-src")]).toEqual([path, "'none'"]);
    for (const name of ["script-src", "style-src", "img-src"])
      expect([path, name, directives.get(name)]).toEqual([path, name, `${ORIGIN}/assets/`]);
  }
});
