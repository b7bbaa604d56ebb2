import { describe, expect, it } from "vitest";
import { GENERIC } from "../../../src/dashboard/forms/source-form.ts";
import { unique, type Json } from "../api/harness.ts";
import { createBrowser } from "./harness.ts";

async function signedIn() {
  const browser = createBrowser();
  await browser.signIn();
  const _csrf = await browser.csrf("/sources/new");
  const read = async (path: string): Promise<Json> => (await browser.client.call("GET", path)).json;
  return {
    ...browser,
    read,
    create: (kind: string, fields: Record<string, string>) => browser.fill(`/${kind}/new`, `/${kind}`, fields),
    change: (path: string, fields: Record<string, string>) => browser.fill(`${path}/edit`, path, fields),
    submit: (path: string, fields: Record<string, string> = {}) => browser.post(path, { _csrf, ...fields }),
  };
}

const idIn = (location: string | null): string => /\/([a-z]{3}_[0-9a-z]+)/.exec(location ?? "")?.[1] ?? "";

async function route(browser: Awaited<ReturnType<typeof signedIn>>) {
  const name = unique("route");
  const source = idIn((await browser.create("sources", { name, enabled: "on", allowed_methods: "POST" })).location);
  const made = await browser.create("destinations", { name, url: "https://api.example.com/hook", adaptive: "on" });
  const destination = idIn(made.location);
  const connection = idIn((await browser.create("connections", { source, destination, enabled: "on" })).location);
  return { source, destination, connection };
}

describe("a source in the dashboard", () => {
  it("is created from a provider's form with its hints, and shows the URL to enter there", async () => {
    const browser = await signedIn();
    const form = await browser.create("sources", {
      name: "Kept <name>",
      "verification/type": "stripe",
      choose: "verification/type",
    });
    expect(form.html).toContain("https://docs.stripe.com/webhooks#verify-manually");
    expect(form.html).toContain("The endpoint&#39;s whsec_…, used as it is");
    expect(form.html).toContain('value="Kept &lt;name&gt;"');
    const name = unique("Shop");
    const made = await browser.create("sources", {
      name,
      enabled: "on",
      "verification/type": "stripe",
      "verification/secrets": "whsec_planted",
      allowed_methods: "POST",
    });
    expect([made.status, made.location]).toEqual([303, expect.stringMatching(/^\/sources\/src_\w+\?done=created$/)]);
    const page = await browser.get(made.location ?? "");
    expect(page.html).toContain(`http://sluice.test/in/${name.toLowerCase()}`);
    expect(page.html).toContain("A secret is set.");
    // A request by hand would be refused.
    expect(page.html).not.toContain("curl -g");
    expect(page.html + (await browser.get(`/sources/${idIn(made.location)}/edit`)).html).not.toContain("whsec_planted");
  });

  it("keeps its secrets and the properties that the form does not show when it is edited", async () => {
    const browser = await signedIn();
    const fields = {
      enabled: "on",
      allowed_methods: "POST",
      "verification/type": "github",
      "verification/secrets": "s",
    };
    const id = idIn((await browser.create("sources", { name: unique("Hub"), ...fields })).location);
    const saved = await browser.change(`/sources/${id}`, {
      name: "Renamed",
      enabled: "on",
      allowed_methods: "PUT",
      "verification/type": "github",
      "verification/secrets": "",
      "verification/on_failure": "accept",
    });
    expect(saved.location).toBe(`/sources/${id}?done=saved`);
    expect(await browser.read(`/sources/${id}`)).toMatchObject({
      name: "Renamed",
      allowed_methods: ["PUT"],
      verification: { on_failure: "accept", secrets_set: { secrets: ["sealed"] } },
    });
  });

  it("shows errors next to the fields and keeps all values", async () => {
    const browser = await signedIn();
    const answer = await browser.create("sources", { name: "Bad", slug: "No Slug", "rate_limit/limit": "many" });
    expect(answer.status).toBe(422);
    expect(answer.html).toMatch(/id="slug"[^>]*value="No Slug"[^>]*aria-invalid="true"/);
    expect(answer.html).toContain('id="slug-error"');
    expect(answer.html).toContain('id="rate_limit/limit-error"');
  });

  it("is deleted only after confirmation", async () => {
    const browser = await signedIn();
    const { source } = await route(browser);
    const asked = await browser.submit(`/sources/${source}/delete`);
    expect([asked.status, asked.location]).toEqual([200, null]);
    expect(asked.html).toContain("its connections are deleted");
    expect((await browser.client.call("GET", `/sources/${source}`)).status).toBe(200);
    expect((await browser.submit(`/sources/${source}/delete`, { confirm: "yes" })).location).toBe(
      "/sources?done=deleted",
    );
    expect((await browser.client.call("GET", `/sources/${source}`)).status).toBe(404);
  });

  it("is disabled and enabled", async () => {
    const browser = await signedIn();
    const { source } = await route(browser);
    await browser.submit(`/sources/${source}/disable`);
    expect(await browser.read(`/sources/${source}`)).toMatchObject({ enabled: false });
    await browser.submit(`/sources/${source}/enable`);
    expect(await browser.read(`/sources/${source}`)).toMatchObject({ enabled: true });
  });

  it("gets a test event and redirects to its page", async () => {
    const browser = await signedIn();
    const { source } = await route(browser);
    const { json } = await browser.client.call("GET", `/sources/${source}`);
    const answer = await browser.submit(`/sources/${source}/test`);
    expect(answer.location).toMatch(/^\/events\/evt_\w+\?done=tested$/);
    expect(browser.client.received.map(({ url }) => url)).toEqual([json["url"]]);
  });
});

describe("a destination in the dashboard", () => {
  it("is created, shows its health, and is paused and resumed", async () => {
    const browser = await signedIn();
    const { destination } = await route(browser);
    const page = await browser.get(`/destinations/${destination}`);
    expect(page.html).toContain("Current state");
    expect(page.html).toContain("Pause");
    await browser.submit(`/destinations/${destination}/pause`);
    expect(await browser.read(`/destinations/${destination}`)).toMatchObject({ paused: true });
    expect((await browser.get(`/destinations/${destination}`)).html).toContain("Resume");
    expect((await browser.get("/destinations")).html).toContain("paused");
    await browser.submit(`/destinations/${destination}/resume`);
    expect(await browser.read(`/destinations/${destination}`)).toMatchObject({ paused: false });
  });

  it("can be a broker: the form has the fields of its type, and the page shows where messages go", async () => {
    const browser = await signedIn();
    const name = unique("Jobs");
    const form = await browser.create("destinations", { name, type: "rabbitmq", choose: "type" });
    for (const field of ["url", "exchange", "routing_key", "auth/username", "auth/password"])
      expect(form.html).toContain(`name="${field}"`);
    for (const field of ["method", "batch/max_events", "auth/token"])
      expect(form.html).not.toContain(`name="${field}"`);
    const made = await browser.create("destinations", {
      name,
      type: "rabbitmq",
      url: "amqps://rabbit.example.com/jobs",
      exchange: "",
      routing_key: "{event.type}",
      mandatory: "on",
      adaptive: "on",
      "auth/type": "basic",
      "auth/username": "u",
      "auth/password": "planted",
    });
    const path = `/destinations/${idIn(made.location)}`;
    expect(await browser.read(path)).toMatchObject({ type: "rabbitmq", exchange: "", mandatory: true });
    const { html } = await browser.get(path);
    for (const text of ["RabbitMQ", "amqps://rabbit.example.com/jobs", "{event.type}"]) expect(html).toContain(text);
    const changed = { "auth/type": "basic", "auth/username": "u", url: "amqps://rabbit.example.com/jobs" };
    const edited = { ...changed, name, type: "rabbitmq", routing_key: "all", mandatory: "on" };
    expect((await browser.change(path, edited)).status).toBe(303);
    expect(await browser.read(path)).toMatchObject({
      routing_key: "all",
      auth: { secrets_set: { password: "sealed" } },
    });
  });

  it("shows a generated signing secret once and never again", async () => {
    const browser = await signedIn();
    const made = await browser.create("destinations", {
      name: unique("Signed"),
      url: "https://api.example.com/hook",
      "signing/type": "standard_webhooks",
    });
    expect(made.status).toBe(200);
    const secret = /whsec_[A-Za-z0-9+/=]+/.exec(made.html)?.[0] ?? "none";
    const id = /\/destinations\/(dst_\w+)/.exec(made.html)?.[1] ?? "";
    const pages = [`/destinations/${id}`, `/destinations/${id}/edit`, "/destinations"];
    for (const path of pages) expect((await browser.get(path)).html).not.toContain(secret);
    expect((await browser.submit(`/destinations/${id}/rotate`)).html).not.toContain("whsec_");
    const rotated = await browser.submit(`/destinations/${id}/rotate`, { confirm: "yes" });
    expect(rotated.html).toContain("whsec_");
    expect(rotated.html).not.toContain(secret);
  });

  it("shows the fields of the selected credentials, and keeps the secret when it is saved again", async () => {
    const browser = await signedIn();
    const { destination } = await route(browser);
    const base = { name: "D", url: "https://api.example.com/hook", "auth/type": "bearer" };
    const form = await browser.change(`/destinations/${destination}`, { ...base, choose: "auth/type" });
    expect(form.html).toContain('name="auth/token"');
    const none = await browser.change(`/destinations/${destination}`, base);
    expect([none.status, none.html.includes('id="auth/token-error"')]).toEqual([422, true]);
    await browser.change(`/destinations/${destination}`, { ...base, "auth/token": "planted" });
    await browser.change(`/destinations/${destination}`, { ...base, name: "E" });
    expect(await browser.read(`/destinations/${destination}`)).toMatchObject({
      name: "E",
      auth: { type: "bearer", secrets_set: { token: "sealed" } },
    });
  });

  it("gets a test event and redirects to its page", async () => {
    const browser = await signedIn();
    const { destination } = await route(browser);
    expect((await browser.submit(`/destinations/${destination}/test`)).location).toMatch(/^\/events\/evt_/);
    expect(browser.client.kept[0]).toMatchObject({ options: { destinations: [destination] } });
  });
});

describe("a provider", () => {
  it("is offered with the same defaults as in the form of a source", async () => {
    const { html } = await (await signedIn()).get("/connect?provider=hmac");
    expect(html).toMatch(/<option value="sha256" selected/);
    expect(html).toMatch(/name="verification\/signed"[^>]*value="\{body\}"/);
  });

  it("that a search does not find is not all: the methods for any other sender stay", async () => {
    const { get } = await signedIn();
    for (const [term, found] of [
      ["zzz", []],
      ["git", ["github", "gitlab"]],
    ] as const) {
      const { html } = await get(`/connect?q=${term}`);
      const shown = [...html.matchAll(/<li><a href="\/connect\?provider=([^"]+)"/g)].map(([, type]) => type);
      expect(shown).toEqual([...found, "standard_webhooks", ...GENERIC.map(([type]) => type)]);
      expect(html.includes('id="providers-none" hidden')).toBe(found.length > 0);
    }
  });

  it("without a secret has steps that are numbered without a gap", async () => {
    const browser = await signedIn();
    const connect = async (provider: string) => {
      const made = await browser.submit("/connect", { provider, slug: unique("steps"), to: "mock" });
      const { html } = await browser.get(made.location ?? "");
      return [...html.matchAll(/<h2>(\d)\./g)].map(([, step]) => step);
    };
    expect([await connect("none"), await connect("github")]).toEqual([
      ["1", "2"],
      ["1", "2", "3"],
    ]);
  });

  it("whose secrets begin alike is saved with another one, which is to be checked", async () => {
    const browser = await signedIn();
    const secret = "verification/secrets";
    const made = await browser.submit("/connect", {
      provider: "stripe",
      slug: unique("odd"),
      to: "mock",
      [secret]: "sk_1",
    });
    expect(made.location).toMatch(/\?done=connected&check=stripe$/);
    const told = /The secrets of Stripe begin with whsec_, and this one does not/;
    expect((await browser.get(made.location ?? "")).html).toMatch(told);
    const here = (made.location ?? "").split("?")[0] ?? "";
    const right = await browser.submit(`${here}/secret`, { [secret]: "whsec_right" });
    expect(right.location).toBe(`${here}?done=saved`);
    expect((await browser.submit(`${here}/secret`, { [secret]: "whsec" })).location).toContain("check=stripe");
    const form = { name: unique("odd"), "verification/type": "stripe", [secret]: "sk_1" };
    const created = await browser.create("sources", form);
    expect((await browser.get(created.location ?? "")).html).toMatch(told);
    const edited = await browser.change(`/sources/${idIn(created.location)}`, { name: unique("odd") });
    expect(edited.location).toMatch(/\?done=saved$/);
  });

  it("is connected once by a form that is sent twice, and its secret is saved only if there is one", async () => {
    const browser = await signedIn();
    const slug = unique("twice");
    const form = { provider: "github", slug, to: "mock" };
    const made = await browser.submit("/connect", form);
    const here = `/connect/${idIn(made.location)}`;
    expect(made.location).toBe(`${here}?done=connected`);
    const again = await browser.submit("/connect", { ...form, "verification/secrets": "late" });
    expect(again.location).toBe(`${here}?done=connected_before`);
    expect((await browser.get(again.location ?? "")).html).toContain("nothing was made or changed");
    expect((await browser.read(`/connections?source=${slug}`)).data).toHaveLength(1);

    const empty = await browser.submit(`${here}/secret`, { "verification/secrets": " " });
    expect(empty.status).toBe(422);
    expect(empty.html).toContain('id="verification/secrets-error"');
    expect(await browser.read(`/sources/${slug}`)).toMatchObject({ awaiting_secret: true });
    const saved = await browser.submit(`${here}/secret`, { "verification/secrets": "s" });
    expect(saved.location).toBe(`${here}?done=saved`);
    expect(await browser.read(`/sources/${slug}`)).toMatchObject({ awaiting_secret: false });
  });
});

describe("a connection in the dashboard", () => {
  it("needs a source and a destination, and says which is missing", async () => {
    const browser = await signedIn();
    await route(browser);
    const form = await browser.get("/connections/new");
    expect(form.html).toContain('name="source"');
    const answer = await browser.create("connections", { source: "", destination: "" });
    expect([answer.status, answer.html.includes('id="source-error"')]).toEqual([422, true]);
  });

  it("that is not made yet is tried with a pace only where its destination is named", async () => {
    const browser = await signedIn();
    const { source } = await route(browser);
    const paced = { source, try: "stored", try_rate: "5" };
    const { status, html } = await browser.create("connections", { ...paced, destination: "" });
    expect([status, html.includes('id="try_rate-error"')]).toEqual([422, true]);
    expect(html).toContain("Pace to try (per second) can be given with a destination only");
    const wrong = await browser.create("connections", { ...paced, try_rate: "0.5" });
    expect(wrong.html).toContain('id="try_rate-error"');
  });

  it("is paused, resumed, edited and deleted", async () => {
    const browser = await signedIn();
    const { connection } = await route(browser);
    await browser.submit(`/connections/${connection}/pause`);
    expect(await browser.read(`/connections/${connection}`)).toMatchObject({ paused: true });
    await browser.submit(`/connections/${connection}/resume`);
    await browser.change(`/connections/${connection}`, {
      name: "N",
      enabled: "on",
      filter: '{"path": "/a"}',
      delay_seconds: "5",
    });
    expect(await browser.read(`/connections/${connection}`)).toMatchObject({
      paused: false,
      name: "N",
      filter: { path: "/a" },
      delay_seconds: 5,
    });
    expect((await browser.get(`/connections/${connection}`)).html).toContain("&quot;path&quot;: &quot;/a&quot;");
    await browser.submit(`/connections/${connection}/delete`, { confirm: "yes" });
    expect((await browser.client.call("GET", `/connections/${connection}`)).status).toBe(404);
  });

  it("says whether a missing field meets $not: it does unless the box is cleared, and a form keeps what is stored", async () => {
    const browser = await signedIn();
    const { connection } = await route(browser);
    const path = `/connections/${connection}`;
    const box = async (): Promise<string> =>
      /<input[^>]*name="missing_matches_not"[^>]*>/.exec((await browser.get(`${path}/edit`)).html)?.[0] ?? "";
    expect([await browser.read(path), await box()]).toMatchObject([
      { missing_matches_not: true },
      expect.stringContaining("checked"),
    ]);
    await browser.client.call("PATCH", path, { missing_matches_not: false });
    expect(await box()).not.toContain("checked");
    await browser.change(path, { name: "N" });
    expect(await browser.read(path)).toMatchObject({ name: "N", missing_matches_not: false });
    await browser.change(path, { missing_matches_not: "on" });
    expect(await browser.read(path)).toMatchObject({ missing_matches_not: true });
  });

  it("tests filter and transform on a sample and shows the request, without saving", async () => {
    const browser = await signedIn();
    const { connection } = await route(browser);
    const attempt = (fields: Record<string, string>) =>
      browser.change(`/connections/${connection}`, {
        try: "1",
        filter: '{"body": {"id": "9007199254740993"}}',
        transform: '{"path": "/orders/{{body.id}}", "headers": {"set": {"x-html": "<b>"}}}',
        try_body: '{"id": 9007199254740993}',
        ...fields,
      });
    const passed = await attempt({});
    expect(passed.html).toContain("matches the filter");
    expect(passed.html).toContain("POST https://api.example.com/hook/orders/9007199254740993");
    expect(passed.html).toContain("x-html: &lt;b&gt;");
    expect((await attempt({ filter: '{"path": "/b"}' })).html).toContain("does not match");
    expect((await attempt({ transform: '{"body": "$error(\\"no\\")"}' })).html).toContain("transform_failed");
    expect((await attempt({ filter: '{"path": {"$wrong": 1}}' })).html).toContain('id="filter-error"');
    // Beside the button too, where the page then is.
    expect((await attempt({ try: "stored", filter: '{"path": {"$wrong": 1}}' })).html).toContain("Not tried:");
    // A sample takes precedence over the event, which the page may have filled in.
    expect((await attempt({ try_event: "evt_nothing" })).html).toContain("matches the filter");
    const unknown = (await attempt({ try_event: "evt_nothing", try_body: "" })).html;
    expect(unknown).toContain('id="try_event-error"');
    expect(unknown).toContain("Recorded event (ID) is not a recorded event");
    expect(unknown).not.toContain("/event_id");
    expect(await browser.read(`/connections/${connection}`)).toMatchObject({ filter: null, transform: null });
  });
});
