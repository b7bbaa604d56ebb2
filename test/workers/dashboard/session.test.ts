import { describe, expect, it } from "vitest";
import { createClient } from "../api/harness.ts";
import { createBrowser, ORIGIN } from "./harness.ts";

describe("signing in", () => {
  it("redirects to the login page without a session, and from there to the requested page", async () => {
    const browser = createBrowser();
    const first = await browser.get("/events?status=dead");
    expect([first.status, first.location]).toEqual([303, "/login?next=%2Fevents%3Fstatus%3Ddead"]);
    expect((await browser.get(first.location ?? "")).html).toContain('value="/events?status=dead"');
    const answer = await browser.signIn("test-admin-token-of-the-tests", "/events?status=dead");
    expect([answer.status, answer.location]).toEqual([303, "/events?status=dead"]);
    expect((await browser.get("/events?status=dead")).status).toBe(200);
  });

  it("redirects only to its own pages", async () => {
    for (const next of ["//evil.test", "/\\evil.test", "https://evil.test/", "javascript:alert(1)", "", "/a b\r\nx"]) {
      expect((await createBrowser().signIn("test-admin-token-of-the-tests", next)).location).toBe("/");
    }
  });

  it("keeps the token encrypted in a cookie that no script can read and no other site's form sends", async () => {
    const plain = await createBrowser().signIn();
    const cookie = plain.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^sluice=/);
    expect(cookie).toContain("HttpOnly");
    expect(cookie).toContain("SameSite=Lax");
    expect(cookie).not.toContain("test-admin-token-of-the-tests");
    expect(cookie).not.toContain(btoa("test-admin-token-of-the-tests").slice(0, 12));
    const secure = await createBrowser({ origin: "https://sluice.test" }).signIn();
    expect(secure.headers.get("set-cookie")).toMatch(/^__Host-sluice=.*; Secure/);
  });

  it("accepts no token that the API rejects", async () => {
    for (const token of ["wrong", "", "with space", "ünicode"]) {
      const answer = await createBrowser().signIn(token);
      expect(answer.status).toBe(401);
      expect(answer.html).toContain("This token is not valid.");
      expect(answer.headers.get("set-cookie")).toBeNull();
    }
  });

  it("says what the deployment lacks where a token cannot be tried without it", async () => {
    const error = new Error("D1_ERROR: no such table: sources: SQLITE_ERROR");
    const statement = { bind: () => statement, all: () => Promise.reject(error), first: () => Promise.reject(error) };
    const db = { prepare: () => statement, batch: () => Promise.reject(error) } as never;
    const answer = await createBrowser({ client: createClient({ db, databases: () => [db] }) }).signIn();
    expect([answer.status, answer.html]).toEqual([
      503,
      expect.stringContaining("DB lacks migrations (no such table: sources): run npm run deploy."),
    ]);
  });

  it("refuses a form sent by another site", async () => {
    const browser = createBrowser();
    const fields = { token: "test-admin-token-of-the-tests", next: "/" };
    expect((await browser.post("/login", fields, { origin: "https://evil.test" })).status).toBe(403);
    expect((await browser.post("/login", fields, { "sec-fetch-site": "cross-site" })).status).toBe(403);
  });

  it("limits sign-in attempts per address", async () => {
    const answer = await createBrowser({ mayTryLogin: async () => false }).signIn();
    expect([answer.status, answer.headers.get("set-cookie")]).toEqual([429, null]);
  });
});

describe("a session", () => {
  it("ends after twelve hours", async () => {
    let now = Date.now();
    const browser = createBrowser({ now: () => now });
    await browser.signIn();
    now += 12 * 3_600_000 - 1;
    expect((await browser.get("/events")).status).toBe(200);
    now += 1;
    expect((await browser.get("/events")).location).toMatch(/^\/login/);
  });

  it("cannot be forged or changed", async () => {
    const browser = createBrowser();
    await browser.signIn();
    const cookie = browser.cookie();
    for (const forged of [
      "sluice=",
      "sluice=AAAA",
      cookie.slice(0, -2) + (cookie.endsWith("A") ? "B" : "A") + "A",
      `sluice=${btoa(JSON.stringify({ token: "test-admin-token-of-the-tests", csrf: "x", expires_at: 9e15 }))}`,
    ]) {
      browser.setCookie(forged);
      expect((await browser.get("/events")).location).toMatch(/^\/login/);
    }
  });

  it("changes nothing without the session's CSRF token and origin", async () => {
    const browser = createBrowser();
    await browser.signIn();
    const csrf = await browser.csrf();
    expect((await browser.post("/logout", {})).status).toBe(403);
    expect((await browser.post("/logout", { _csrf: "0".repeat(csrf.length) })).status).toBe(403);
    expect((await browser.post("/logout", { _csrf: csrf }, { origin: "https://evil.test" })).status).toBe(403);
    expect((await browser.post("/logout", { _csrf: csrf }, { origin: "null" })).status).toBe(403);
    expect((await browser.get("/events")).status).toBe(200);
    const out = await browser.post("/logout", { _csrf: csrf });
    expect([out.status, out.location, browser.cookie()]).toEqual([303, "/login", ""]);
  });

  it("accepts no other session's form", async () => {
    const [one, other] = [createBrowser(), createBrowser()];
    await one.signIn();
    await other.signIn();
    expect((await one.post("/logout", { _csrf: await other.csrf() })).status).toBe(403);
  });
});

describe("every answer", () => {
  it("has all security headers and no inline scripts or styles", async () => {
    const browser = createBrowser();
    const answers = [await browser.get("/login"), await browser.get("/events")];
    await browser.signIn();
    answers.push(await browser.get("/events"), await browser.get("/nothing-here"), await browser.post("/logout", {}));
    for (const { headers, html } of answers) {
      const policy = headers.get("content-security-policy") ?? "";
      for (const part of [
        "default-src 'none'",
        `script-src ${ORIGIN}/assets/;`,
        `style-src ${ORIGIN}/assets/;`,
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ])
        expect(policy).toContain(part);
      expect(policy).not.toContain("unsafe");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("same-origin");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("permissions-policy")).toContain("camera=()");
      expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 303, 200, 404, 403]);
  });
});
