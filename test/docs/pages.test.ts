// Every shell block of README.md and of the other documents, as a reader copies it, in a clean clone with a Sluice of its own. docs/operations.md has a
// test of its own.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { awaitReady, sendTestWebhook } from "../../scripts/deploy/check.ts";
import { freePort } from "../../scripts/local-sluice.ts";
import { startStandIn } from "../stand-in/server.ts";
import { ACCOUNT } from "../stand-in/state.ts";
import { blocksOf, PAGES, type Block } from "./blocks.ts";
import { makeClone } from "./clone.ts";

const README_READY_MS = 60_000;
const [port, receiverPort, standIn, clone] = [await freePort(), await freePort(), await startStandIn(), makeClone()];
const origin = `http://localhost:${port}`;
let token = "";
/** By `npm start`: its log lines too. */
let printedBySluice = "";
const refused = new Set<string>();
/** Takes everything, but what asks to be refused for good, `once` or `always`. */
const receiver = createServer((request, response) => {
  const [asked, id] = [request.headers["x-refuse"], String(request.headers["webhook-id"])];
  response.statusCode = asked === "always" || (asked === "once" && !refused.has(id)) ? 410 : 200;
  refused.add(id);
  request.resume().on("end", () => response.end("{}"));
});
afterAll(async () => {
  receiver.close();
  await Promise.all([standIn.close(), clone.remove()]);
});

const env = (): Record<string, string> => ({
  PORT: String(port),
  SLUICE_URL: origin,
  TOKEN: token,
  SLUICE_TOKEN: token,
  XDG_CONFIG_HOME: join(clone.folder, ".config"),
  CLOUDFLARE_API_BASE_URL: standIn.base,
  CLOUDFLARE_API_TOKEN: "stand-in",
  CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
  NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "../stand-in/reach-edge.ts")).href}`,
});

/** What the pages take as given, and commands that need a person or the internet. */
const PRELUDE = `
api=${origin}/api/v1 auth="authorization: Bearer $TOKEN" json="content-type: application/json" token=$TOKEN
npx() {
  if [ "$*" = "wrangler login" ]; then echo "signed in"
  elif [ "$1" = sluice ] && [ -e .npx-found-it ]; then shift; node cli/sluice.js "$@"
  else command npx "$@" && touch .npx-found-it; fi
}
id_of() { command curl -sS "$api$1" -H "$auth" | node -pe 'JSON.parse(require("fs").readFileSync(0, "utf8")).data[0].id'; }
generate() { echo '{"generated": true}'; }
command -v jq >/dev/null || jq() { node -e 'for (const part of require("fs").readFileSync(0, "utf8").split("\\n")) if (part) { const value = JSON.parse(part); console.log((value.data ?? [value]).map((one) => one.id).join("\\n")); }'; }
`;

/** Ids that stand for one of the reader's, looked up when the line that has them runs: the line before may have made it. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/evt_01…|evt_\.\.\./g, "/events?limit=1&source=shop"],
  [/dlv_01…|dlv_\.\.\./g, "/deliveries?event=$(cat .down)"],
  [/dlv_02…/g, "/deliveries?event=$(cat .down-too)"],
  [/rpl_(?:01)?…/g, "/replays?limit=1"],
  [/alr_\.\.\./g, "/alerts"],
];

const call = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
  const answer = await fetch(`${origin}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const parsed: Record<string, unknown> = JSON.parse(await answer.text());
  return parsed;
};
/** @returns the dashboard's cookie */
async function signIn(): Promise<string> {
  const { headers } = await fetch(`${origin}/login`, {
    method: "POST",
    redirect: "manual",
    headers: { origin },
    body: new URLSearchParams({ token, next: "/" }),
  });
  return headers.get("set-cookie")?.split(";")[0] ?? "";
}

/** A block on this machine: its addresses, and an end for what runs until it is stopped. */
function adapted({ text }: Block): string {
  const script = text
    .replaceAll("localhost:8787", `localhost:${port}`)
    .replaceAll("localhost:3000", `localhost:${receiverPort}`)
    .replaceAll(/https:\/\/(?:hooks\.slack|app\.example|api\.example)\.com/g, `http://localhost:${receiverPort}`)
    .replaceAll(/^([^|\n]* --follow[^|\n]*)/gm, "{ timeout 4 $1 || [ $? -eq 124 ]; }")
    .replaceAll(/^(npx sluice (?:listen|tail) [^#\n]*)/gm, "{ timeout 3 $1 || [ $? -eq 124 ]; } ")
    // Asks, and says so where there is no terminal.
    .replaceAll(/^(npx sluice apply \S+) +#/gm, "$1 || [ $? -eq 2 ] #");
  return PRELUDE + PLACEHOLDERS.reduce((all, [place, list]) => all.replaceAll(place, `$(id_of "${list}")`), script);
}

const executed = new Set<string>();
const where = ({ page, line }: Block): string => `${page}:${line}`;

/** Dead letters: enough of them for a replay at 20 a second to be cancelled, and two that stay dead. */
async function makeDeadLetters(): Promise<void> {
  const publish = (destination: string, refuse: string) =>
    call("POST", "/events", { destinations: [destination], body: {}, headers: { "x-refuse": refuse } });
  await Promise.all(Array.from({ length: 100 }, () => publish("orders", "once")));
  await Promise.all([publish("archive", "always"), publish("archive", "always")]);
  const dead = async (destination: string) =>
    (await call("GET", `/deliveries?status=dead&limit=200&destination=${destination}`))["data"];
  await expect.poll(() => dead("orders"), { timeout: 120_000 }).toHaveLength(100);
  await expect.poll(() => dead("archive"), { timeout: 120_000 }).not.toHaveLength(0);
}

async function follow(block: Block): Promise<string> {
  executed.add(where(block));
  if (/"status": "dead"|replay --status dead/.test(block.text)) await makeDeadLetters();
  const { code, output } = await clone.run(adapted(block), env());
  expect([where(block), code, code === 0 ? "" : output]).toEqual([where(block), 0, ""]);
  return output;
}

const README = blocksOf("README.md");
const readme = (part: string): Block => {
  const block = README.find(({ text }) => text.includes(part));
  if (block === undefined) throw new Error(`README.md has no block with ${part}`);
  return block;
};

describe("README.md", () => {
  it("brings from git clone to a first webhook that the dashboard shows as delivered, in less than a minute besides npm ci", async () => {
    const block = readme("npm start");
    executed.add(where(block));
    // The reader's API. What the README says of one that does not answer is tried below.
    await new Promise<void>((listening) => receiver.listen(receiverPort, "127.0.0.1", listening));
    const at = performance.now() - clone.clonedInMs;
    const started = clone.start(adapted(block), env());
    for (const stream of [started.stdout, started.stderr])
      stream?.on("data", (chunk: Buffer) => (printedBySluice += chunk.toString()));
    await expect.poll(() => printedBySluice, { timeout: README_READY_MS, interval: 100 }).toContain("Sluice is ready");
    token = /token\s+([0-9a-f]{48})/.exec(printedBySluice)?.[1] ?? "";
    expect(token).not.toBe("");
    const printed = await follow(readme("/in/shop"));
    expect(printed).toContain('"status":"accepted"');
    const [, id = ""] = /"id":"(evt_\w+)","status":"accepted"/.exec(printed) ?? [];
    const cookie = await signIn();
    const shown = async () => (await fetch(`${origin}/events/${id}`, { headers: { cookie } })).text();
    await expect.poll(shown, { timeout: README_READY_MS, interval: 100 }).toMatch(/First attempt:[^<]*HTTP 200/);
    expect(performance.now() - at).toBeLessThan(README_READY_MS);
    expect(JSON.stringify(await call("GET", "/deliveries?source=shop"))).toContain('"status":"delivered"');
  });

  it("has the check after a deployment pass on this Sluice too", async () => {
    const ports = { fetch, now: Date.now, sleep: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)) };
    await awaitReady(ports, origin, token);
    expect(await sendTestWebhook(ports, origin, token, `http://localhost:${receiverPort}/check`)).toBeLessThan(60_000);
    expect(JSON.stringify(await call("GET", "/sources"))).not.toContain("deploy-check");
  });
});

/** test/system/crash.test.ts runs the demo, which takes a minute, and kills Sluice meanwhile. */
const ELSEWHERE = readme("npm run demo");

describe("the other blocks", () => {
  const LEFT = PAGES.filter((page) => page !== "docs/operations.md").flatMap(blocksOf);

  it("have what they name", async () => {
    await call("POST", "/destinations", { slug: "archive", url: `http://localhost:${receiverPort}/archive` });
    for (const slug of ["down", "down-too"]) {
      await call("POST", "/destinations", { slug, url: "http://localhost:1/" });
      const { id } = await call("POST", "/events", { destinations: [slug], body: {} });
      writeFileSync(join(clone.folder, `.${slug}`), String(id));
      await expect
        .poll(async () => JSON.stringify(await call("GET", `/deliveries?event=${String(id)}`)), { timeout: 120_000 })
        .toMatch(/"status":"retrying".*"connect_refused"/);
    }
    writeFileSync(join(clone.folder, "order.json"), '{"order": 2}');
  });

  it("has recipes for wrangler tail that pick what they say out of real log lines", async () => {
    const page = readFileSync(join(clone.folder, "docs/operations.md"), "utf8");
    const recipes = [...page.matchAll(/`\| (jq [^`]*logs\[\][^`]*)`/g)].map(([, recipe = ""]) => recipe);
    expect(recipes).toHaveLength(4);
    const error = JSON.stringify({ level: "error", message: "sweep job failed" });
    const lines = [...printedBySluice.split("\n").filter((line) => line.startsWith("{")), error, "not JSON"];
    // As `wrangler tail --format json` prints them.
    const tail = lines.map((line) => JSON.stringify({ logs: [{ level: "log", message: [line] }] })).join("\n");
    writeFileSync(join(clone.folder, "tail.jsonl"), tail);
    const picked = await Promise.all(recipes.map((recipe) => clone.run(`${recipe} < tail.jsonl`)));
    expect(picked.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const [all, failed, attempts, batches] = picked.map(({ output }) => output);
    expect(all?.trim().split("\n")).toHaveLength(lines.length);
    expect(failed).toContain("sweep job failed");
    expect(attempts).toMatch(/"error":"connect_refused"/);
    expect(batches).toMatch(/^{"lane":"events","attempts":1,"delivered":1,"duration_ms":\d+}$/m);
  });

  it.each(
    LEFT.filter(
      (block) => !["npm start", "/in/shop", "npm run demo"].some((part) => where(block) === where(readme(part))),
    ),
  )("$page:$line runs", async (block) => {
    await follow(block);
  });

  it("are all of them, but the demo, which another test runs", () => {
    executed.add(where(ELSEWHERE));
    expect(ELSEWHERE.text).toBe("npm run demo");
    expect([...executed].sort()).toEqual(LEFT.map(where).sort());
  });
});
