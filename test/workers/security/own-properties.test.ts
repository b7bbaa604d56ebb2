// Names that every object inherits are no values of ours: what a client sends is looked up among own properties only.
import { expect, it } from "vitest";
import { openApiDocument } from "../../../src/api/index.ts";
import { createClient } from "../api/harness.ts";
import { createBrowser } from "../dashboard/harness.ts";

const INHERITED = ["constructor", "__proto__"];

interface Parameter {
  readonly name: string;
  readonly in: string;
}
interface Operation {
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
}
const document = openApiDocument("http://sluice.test") as unknown as {
  readonly components: { readonly parameters?: Readonly<Record<string, Parameter>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
const paths = Object.keys(document.paths).filter((path) => path.startsWith("/api/v1/"));

it("no query parameter of the API takes an inherited name for a value", async ({ task }) => {
  const { call } = createClient();
  const failed: string[] = [];
  let tried = 0;
  for (const path of paths) {
    for (const given of document.paths[path]?.["get"]?.parameters ?? []) {
      const parameter = "$ref" in given ? document.components.parameters?.[given.$ref.split("/").at(-1) ?? ""] : given;
      if (parameter?.in !== "query") continue;
      for (const inherited of INHERITED) {
        const asked = `${path.replace("/api/v1", "").replace(/\{\w+\}/g, inherited)}?${parameter.name}=${inherited}`;
        const { status } = await call("GET", asked);
        tried += 1;
        if (status >= 500) failed.push(asked);
      }
    }
  }
  task.meta.tried = tried;
  expect(tried).toBeGreaterThan(80);
  expect(failed).toEqual([]);
});

it.each(INHERITED)("no page takes %s for a type", async (type) => {
  const browser = createBrowser();
  await browser.signIn();
  const pages = [
    `/sources/new?type=${type}`,
    `/docs/${type}`,
    `/sources/${type}`,
    ...["sources", "destinations", "connections", "events", "replays"].map((room) => `/${room}?done=${type}`),
    `/events?status=${type}&source=${type}`,
    `/dead-letters?group=${type}&destination=${type}`,
    `/?range=${type}`,
    `/settings/audit?kind=${type}`,
  ];
  for (const page of pages) expect([page, (await browser.get(page)).status < 500]).toEqual([page, true]);
  const _csrf = await browser.csrf();
  const saved = await browser.post("/sources", { _csrf, slug: "odd", "verification/type": type });
  expect(saved.status).toBe(422);
  const odd: readonly Record<string, string>[] = [
    { "auth/type": type },
    { "auth/type": type, choose: "1" },
    { "signing/type": type },
  ];
  for (const fields of odd) {
    const sent = await browser.post("/destinations", { _csrf, slug: "odd", url: "https://a.test", ...fields });
    expect([fields, [200, 422].includes(sent.status)]).toEqual([fields, true]);
  }
  for (const fields of [{ "rule/type": type }, { "target/type": type }] as readonly Record<string, string>[]) {
    const sent = await browser.post("/alerts", { _csrf, name: "odd", ...fields });
    expect([fields, sent.status < 500]).toEqual([fields, true]);
  }
});

it.each(INHERITED)("no record of the API takes %s for a type or a field", async (name) => {
  const { call } = createClient();
  const odd = JSON.parse(`{"${name}": {"type": "x"}}`) as object;
  const destination = { slug: "odd", url: "https://a.test" };
  const bodies: readonly (readonly [string, unknown])[] = [
    ["/sources", { slug: "odd", verification: { type: name } }],
    ["/sources", { slug: "odd", ...odd }],
    ["/destinations", { ...destination, auth: { type: name } }],
    ["/destinations", { ...destination, signing: { type: name } }],
    ["/destinations", { ...destination, auth: { type: "hmac", secret: "x", template: `{${name}}` } }],
    ["/destinations", { ...destination, retry: { strategy: name } }],
    ["/alerts", { name: "odd", rule: { type: name }, target: { type: name } }],
    ["/replays", { status: name }],
    ["/events", { source: name, body: 1 }],
    ["/tokens", { name: "odd", scope: name }],
  ];
  for (const [path, body] of bodies)
    expect([path, body, (await call("POST", path, body)).status]).toEqual([path, body, 422]);
  const document = await call("PUT", "/config?dry_run=true", { sources: [{ slug: name }], destinations: [odd] });
  expect(document.status).toBe(422);
});
