// The API reference: complete, public, with the security policy, and small.
import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../../../src/model/problem-codes.ts";
import { readContract } from "../../contract.ts";
import { createBrowser, ORIGIN } from "./harness.ts";

const browser = createBrowser();
const { document, operations } = readContract(
  await (await browser.client.app.request(`${ORIGIN}/openapi.json`)).json(),
);
const slugOf = (name: string): string => name.toLowerCase().replaceAll(/[^a-z]+/g, "-");
const readPages = (paths: readonly string[]) =>
  Promise.all(paths.map(async (path) => ({ path, ...(await browser.get(path)) })));
const chapters = await readPages([
  "/docs",
  "/docs/errors",
  "/docs/guides",
  ...document.tags.map(({ name }) => `/docs/${slugOf(name)}`),
]);
const schemas = await readPages(
  chapters.flatMap(({ path, html }) => (html.includes(`href="${path}/schemas"`) ? `${path}/schemas` : [])),
);
const pages = [...chapters, ...schemas];
const idsOf = (html: string): Set<string> => new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id ?? ""));
const byPath = new Map(pages.map((page) => [page.path, page]));

describe("the API reference", () => {
  it("is public, with the dashboard's security policy", () => {
    for (const { path, status, headers, html } of pages) {
      expect([path, status, headers.get("content-type")]).toEqual([path, 200, "text/html; charset=UTF-8"]);
      expect(headers.get("content-security-policy")).toContain(
        "default-src 'none'; script-src http://sluice.test/assets/",
      );
      expect(html).not.toMatch(/<script(?![^>]* src="\/)|<style|\sstyle=|\son[a-z]+=/);
      expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
    }
  });

  it("lists every operation and describes each in its chapter: parameters, responses, problems, a curl command, a form", () => {
    const first = byPath.get("/docs")?.html ?? "";
    for (const operation of operations) {
      const chapter = `/docs/${slugOf(operation.tags[0] ?? "")}`;
      expect(first).toContain(`href="${chapter}#${operation.operationId}"`);
      const html = byPath.get(chapter)?.html ?? "";
      const from = html.indexOf(`<section class="card" id="${operation.operationId}"`);
      expect([operation.operationId, from]).not.toEqual([operation.operationId, -1]);
      const section = html.slice(from, html.indexOf("</section>", from));
      expect(section).toContain(operation.path);
      expect(section).toContain(`curl -g -X ${operation.method} `);
      expect(section).toContain(`${ORIGIN}${operation.path.split("{")[0]}`);
      expect(section).toContain(`data-try="${operation.path}" data-method="${operation.method}"`);
      for (const [status, { content = {} }] of Object.entries(operation.responses))
        if (Number(status) < 400) expect(section).toContain(`<strong>${status}</strong>`);
        else
          for (const code of Object.keys(content["application/problem+json"]?.examples ?? {}))
            expect(section).toContain(`href="/docs/errors#${code}"`);
    }
  });

  it("has the anchor of each problem's type", () => {
    const { html = "" } = byPath.get("/docs/errors") ?? {};
    for (const [code, [status, title]] of Object.entries(PROBLEMS)) {
      expect(idsOf(html)).toContain(code);
      expect(html.slice(html.indexOf(`id="${code}"`))).toMatch(new RegExp(`^[^]{0,200}<strong>${status}</strong> `));
      expect(html).toContain(title.replaceAll("'", "&#39;"));
    }
  });

  it("has no broken links and no duplicate ids", () => {
    for (const { path, html } of pages) {
      for (const [, href = ""] of html.matchAll(/ href="([^"]*)"/g)) {
        const [to = "", anchor] = href.split("#");
        if (/^\/(assets\/|openapi\.json$|$)/.test(to) || href.startsWith("#i-")) continue;
        const target = byPath.get(to === "" ? path : to);
        expect([path, href, target?.status]).toEqual([path, href, 200]);
        if (anchor !== undefined)
          expect([path, href, idsOf(target?.html ?? "").has(anchor)]).toEqual([path, href, true]);
      }
      const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
      expect([path, ids.length]).toEqual([path, new Set(ids).size]);
    }
    expect(chapters.length).toBe(document.tags.length + 3);
    expect(schemas.length).toBeGreaterThan(5);
  });

  it("answers 404 for an unknown chapter", async () => {
    expect((await browser.get("/docs/nothing")).status).toBe(404);
  });

  it("has pages of less than 72 KB each, uncompressed", () => {
    for (const { path, html } of pages) expect([path, Math.max(html.length, 72_000)]).toEqual([path, 72_000]);
  });

  it("is linked from the dashboard", async () => {
    await browser.signIn();
    expect((await browser.get("/events")).html).toContain('href="/docs"');
  });
});
