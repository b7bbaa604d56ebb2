import { describe, expect, it } from "vitest";
import { readSettings } from "../../../src/config/env.ts";
import { MAX_CACHED_NAMES } from "../../../src/config/limits.ts";
import { checkUrl } from "../../../src/outbound/check-url.ts";
import { dohResolver, type Resolve } from "../../../src/outbound/resolver.ts";
import { err, ok } from "../../../src/kernel/result.ts";

const answering =
  (...addresses: string[]): Resolve =>
  async () =>
    ok(addresses);
const check = (url: string, resolve: Resolve | null, change = {}) =>
  checkUrl(url, { allowPrivate: false, resolve, ...change });

/** A DNS server: names with their records, and the questions it was asked. */
function server(zone: Record<string, { A?: string[]; AAAA?: string[]; ttl?: number; status?: number }>) {
  const asked: string[] = [];
  let up = true;
  const fetcher = (async (input: string) => {
    const url = new URL(input);
    const name = url.searchParams.get("name") ?? "";
    const type = url.searchParams.get("type") as "A" | "AAAA";
    asked.push(`${url.hostname} ${name} ${type}`);
    if (!up) throw new Error("unreachable");
    const { ttl = 60, status = 0, ...records } = zone[name] ?? { status: 3 };
    const answers = (records[type] ?? []).map((data) => ({ name, type: type === "A" ? 1 : 28, TTL: ttl, data }));
    const alias = { name, type: 5, TTL: ttl, data: "alias.example.com." };
    return Response.json({ Status: status, Answer: answers.length === 0 ? undefined : [alias, ...answers] });
  }) as typeof fetch;
  return { fetcher, asked, goDown: () => void (up = false) };
}

describe("checking a URL [G10]", () => {
  it("accepts a name when all its addresses are public", async () => {
    expect((await check("https://api.example.com/x", answering("1.1.1.1", "2606:4700::1"))).ok).toBe(true);
  });

  it.each([
    [["10.0.0.1"]],
    [["1.1.1.1", "127.0.0.1"]],
    [["1.1.1.1", "::1"]],
    [["169.254.169.254"]],
    [["::ffff:10.0.0.1"]],
    [["2002:7f00:1::"]],
    [["nonsense"]],
  ])("refuses a name that resolves to %j", async (addresses) => {
    expect(await check("https://api.example.com/", answering(...addresses))).toMatchObject({
      ok: false,
      error: { code: "blocked_address" },
    });
  });

  it("looks up no addresses, and nothing in development", async () => {
    const never: Resolve = () => Promise.reject(new Error("asked"));
    expect((await check("https://1.1.1.1/", never)).ok).toBe(true);
    expect((await check("https://api.example.com/", never, { allowPrivate: true })).ok).toBe(true);
    expect((await check("https://api.example.com/", null)).ok).toBe(true);
    expect((await check("https://127.0.0.1/", null)).ok).toBe(false);
  });

  it.each([
    ["not_found", false],
    ["failed", false],
    ["unavailable", true],
  ] as const)("fails with dns when the look-up says %s; that is temporary: %s", async (reason, isTemporary) => {
    const checked = await check("https://api.example.com/", async () => err(reason));
    expect(checked).toMatchObject({ error: { code: "dns" } });
    expect(!checked.ok && checked.error.isTemporary === true).toBe(isTemporary);
  });
});

describe("DOH_URL", () => {
  const cloudflare = "https://cloudflare-dns.com/dns-query";
  it.each([
    [undefined, [cloudflare]],
    ["", [cloudflare]],
    [" , ", [cloudflare]],
    ["https://a.test/q, https://b.test/q", ["https://a.test/q", "https://b.test/q"]],
    ["off", []],
  ])("of %j asks %j: only the word off switches the look-up off [G10]", (value, urls) => {
    expect(readSettings(value === undefined ? {} : { DOH_URL: value }).dohUrls).toEqual(urls);
  });
});

describe("the resolver", () => {
  const endpoint = "https://doh.test/dns-query";

  it("asks for IPv4 and IPv6 and ignores aliases", async () => {
    const { fetcher, asked } = server({ "a.example.com": { A: ["1.1.1.1"], AAAA: ["2606:4700::1"] } });
    const resolve = dohResolver([endpoint], fetcher, () => 0);
    expect(await resolve("A.example.com")).toEqual(ok(["1.1.1.1", "2606:4700::1"]));
    expect(asked).toEqual(["doh.test a.example.com A", "doh.test a.example.com AAAA"]);
  });

  it("caches answers for their TTL, within limits", async () => {
    let now = 0;
    const { fetcher, asked } = server({
      "short.test": { A: ["1.1.1.1"], ttl: 0 },
      "long.test": { A: ["1.1.1.1"], ttl: 86_400 },
    });
    const resolve = dohResolver([endpoint], fetcher, () => now);
    const lookUp = async (name: string): Promise<number> => {
      const before = asked.length;
      await resolve(name);
      return asked.length - before;
    };
    expect([await lookUp("short.test"), await lookUp("short.test"), await lookUp("long.test")]).toEqual([2, 0, 2]);
    now = 30_000;
    expect([await lookUp("short.test"), await lookUp("long.test")]).toEqual([2, 0]);
    now = 299_999;
    expect(await lookUp("long.test")).toBe(0);
    now = 300_000;
    expect(await lookUp("long.test")).toBe(2);
  });

  it("uses an expired answer for an hour while no resolver can be reached, and then fails", async () => {
    let now = 0;
    const { fetcher, goDown } = server({ "a.test": { A: ["1.1.1.1"] } });
    const resolve = dohResolver([endpoint], fetcher, () => now);
    await resolve("a.test");
    goDown();
    now = 3_599_999;
    expect(await resolve("a.test")).toEqual(ok(["1.1.1.1"]));
    now = 3_600_000;
    expect(await resolve("a.test")).toEqual(err("unavailable"));
    expect(await resolve("b.test")).toEqual(err("unavailable"));
  });

  it("asks the next resolver when one does not answer", async () => {
    const { fetcher, asked } = server({ "a.test": { A: ["1.1.1.1"] } });
    const flaky = (async (input: string, init?: RequestInit) =>
      input.includes("first.test") ? new Response("down", { status: 503 }) : fetcher(input, init)) as typeof fetch;
    const resolve = dohResolver(["https://first.test/q", "https://second.test/q"], flaky, () => 0);
    expect(await resolve("a.test")).toEqual(ok(["1.1.1.1"]));
    expect(asked.every((line) => line.startsWith("second.test"))).toBe(true);
  });

  it.each([
    ["a name that does not exist", { status: 3 }, "not_found"],
    ["a name without addresses", {}, "not_found"],
    ["a server failure", { status: 2 }, "failed"],
    ["a refusal", { status: 5 }, "failed"],
  ] as const)("tells %s", async (_what, entry, reason) => {
    const { fetcher } = server({ "a.test": entry });
    expect(await dohResolver([endpoint], fetcher, () => 0)("a.test")).toEqual(err(reason));
  });

  it.each(["<html>", "null", "[]", "{}"])("ignores the unusable answer %s", async (text) => {
    const resolve = dohResolver(
      [endpoint, "no url"],
      async () => new Response(text),
      () => 0,
    );
    expect(await resolve("a.test")).toEqual(err("unavailable"));
  });

  it("caches a bounded number of names", async () => {
    const { fetcher, asked } = server({});
    const resolve = dohResolver([endpoint], fetcher, () => 0);
    for (let i = 0; i <= MAX_CACHED_NAMES; i++) await resolve(`n${i}.test`);
    const before = asked.length;
    await resolve(`n${MAX_CACHED_NAMES}.test`);
    expect(asked.length).toBe(before);
    await resolve("n0.test");
    expect(asked.length).toBe(before + 2);
  });
});
