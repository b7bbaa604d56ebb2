// The audit log: each change through the API has an entry, written in the same transaction.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { now } from "../clock.ts";
import { createRoute, createWorld } from "../harness.ts";
import { createClient, unique, type Json } from "./harness.ts";
import type { JsonOf } from "./answers.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const { call } = createClient();
const url = "https://api.example.com/";

/** The entries of one resource, oldest first. */
async function entries(resource: string): Promise<Json[]> {
  return (await call("GET", `/audit?resource=${resource}`)).json.data.toReversed();
}
const brief = (list: readonly Json[]) => list.map((entry) => [entry.kind, entry.action, entry.changed]);

describe("the audit log", () => {
  it("has an entry for each change of a source, destination or connection, with who, what and when", async () => {
    const token = await call("POST", "/tokens", { name: "Deploy bot", scope: "admin" });
    const by = { authorization: `Bearer ${token.json.token}` };
    const [src, dst, con] = [unique("src"), unique("dst"), unique("con")];
    const before = now();
    const created = await call("POST", "/sources", { slug: src }, by);
    const after = now();
    await call("PATCH", `/sources/${src}`, { name: "New name", max_body_bytes: 7 }, by);
    await call("POST", "/destinations", { slug: dst, url }, by);
    await call(
      "PATCH",
      `/destinations/${dst}`,
      { signing: { type: "standard_webhooks" }, headers: { "x-a": "1" } },
      by,
    );
    await call("POST", `/destinations/${dst}/rotate-secret`, {}, by);
    await call("POST", "/connections", { slug: con, source: src, destination: dst }, by);
    for (const path of [`/connections/${con}/pause`, `/connections/${con}/resume`, `/destinations/${dst}/pause`])
      await call("POST", path, undefined, by);
    for (const path of [`/connections/${con}`, `/destinations/${dst}`, `/sources/${src}`])
      await call("DELETE", path, undefined, by);
    expect(brief(await entries(src))).toEqual([
      ["source", "create", []],
      ["source", "update", ["/name", "/max_body_bytes"]],
      ["source", "delete", []],
    ]);
    const signing = ["type", "algorithm", "secrets", "public_keys", "retiring"].map((field) => `/signing/${field}`);
    expect(brief(await entries(dst))).toEqual([
      ["destination", "create", []],
      ["destination", "update", expect.arrayContaining(["/headers/x-a", ...signing])],
      ["destination", "rotate_secret", []],
      ["destination", "pause", []],
      ["destination", "delete", []],
    ]);
    expect(brief(await entries(con)).map(([, action]) => action)).toEqual(["create", "pause", "resume", "delete"]);
    const [first] = await entries(src);
    expect(first).toMatchObject({
      id: expect.stringMatching(/^aud_[0-9a-z]{26}$/),
      actor: token.json.id,
      actor_name: "Deploy bot",
      resource_id: created.json.id,
      resource_name: src,
      request_id: created.headers.get("x-request-id"),
    });
    const at = Date.parse(String(first?.["at"]));
    expect(at > before && at <= after).toBe(true);
  });

  it("has an entry for tokens, retries, cancellations and replays", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ retry: { schedule_seconds: [60] } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.accept(`/in/${slug}`, { body: "{}" });
    await world.turn();
    const row = await env.DB.prepare("SELECT id FROM deliveries WHERE source_id = ?")
      .bind(sourceId)
      .first<{ id: string }>();
    const id = row?.id ?? "";
    const event = `evt_${id.slice(4, 36)}`;
    expect((await call("POST", `/deliveries/${id}/retry`)).status).toBe(202);
    expect((await call("POST", `/deliveries/${id}/cancel`)).status).toBe(200);
    expect((await call("POST", `/events/${event}/replay`)).status).toBe(202);
    expect(brief(await entries(id))).toEqual([
      ["delivery", "retry", []],
      ["delivery", "cancel", []],
    ]);
    expect(brief(await entries(event))).toEqual([["event", "replay", []]]);
    const token = (await call("POST", "/tokens", { name: "t", scope: "read" })).json.id;
    await call("DELETE", `/tokens/${token}`);
    expect(brief(await entries(token)).map(([, action]) => action)).toEqual(["create", "delete"]);
  });

  it("has no entry for requests that were refused or changed nothing", async () => {
    const [src, dst] = [unique("src"), unique("dst")];
    await call("POST", "/sources", { slug: src });
    await call("POST", "/sources", { slug: src });
    await call("PATCH", `/sources/${src}`, { max_body_bytes: -1 });
    await call("PATCH", `/sources/${src}`, { enabled: true });
    await call("POST", "/destinations", { slug: dst, url: "ftp://nowhere" });
    expect(brief(await entries(src))).toEqual([["source", "create", []]]);
    expect(await entries(dst)).toEqual([]);
    const world = createWorld();
    const { slug } = await createRoute([{}]);
    const deliver = async (status: number): Promise<string> => {
      world.onRequest(() => ({ status }));
      const known = new Set((await world.deliveries()).map(({ id }) => id));
      await world.accept(`/in/${slug}`, { body: "{}" });
      await world.turn();
      return (await world.deliveries()).find(({ id }) => !known.has(id))?.id ?? "";
    };
    const delivered = await deliver(200);
    expect((await call("POST", `/deliveries/${delivered}/retry`)).status).toBe(409);
    const waiting = await deliver(500);
    // While it is attempted: the statement itself has the condition.
    await env.DB.prepare("UPDATE deliveries SET next_attempt_at = 0, claimed_until = ?2 WHERE id = ?1")
      .bind(waiting, now() + 60_000)
      .run();
    expect((await call("POST", `/deliveries/${waiting}/retry`)).json.code).toBe("delivery_in_flight");
    expect([...(await entries(delivered)), ...(await entries(waiting))]).toEqual([]);
  });

  it("names secrets and never shows them [G8]", async () => {
    const dst = unique("dst");
    await call("POST", "/destinations", { slug: dst, url, auth: { type: "bearer", token: "planted-first" } });
    await call("PATCH", `/destinations/${dst}`, { auth: { type: "bearer", token: "planted-second" } });
    const { text } = await call("GET", `/audit?resource=${dst}`);
    expect(brief(await entries(dst))[1]).toEqual(["destination", "update", ["/auth/token"]]);
    expect(text).not.toMatch(/planted|sealed|v1\./);
    expect(JSON.stringify((await env.DB.prepare("SELECT * FROM audit").all()).results)).not.toMatch(/planted|v1\./);
  });

  it("records once that a receiver disabled a connection", async () => {
    const world = createWorld();
    const { slug, connectionIds } = await createRoute([{}]);
    world.onRequest(() => ({ status: 410 }));
    await world.postMany(slug, 2, { body: "{}" });
    await world.turn(1);
    await world.turn(1);
    const found = await entries(connectionIds[0] ?? "");
    expect(found).toMatchObject([{ actor: "sluice", actor_name: "Sluice", action: "disable", kind: "connection" }]);
  });

  it("is filtered by actor, kind, resource and time, page by page", async () => {
    let time = Date.UTC(2027, 0, 1);
    const later = createClient({ now: () => time });
    const slugs: string[] = [];
    for (let i = 0; i < 5; i++) {
      time += 1_000;
      slugs.unshift(unique("timed"));
      await later.call("POST", i % 2 === 0 ? "/sources" : "/destinations", {
        slug: slugs[0],
        url: i % 2 === 0 ? undefined : url,
      });
    }
    const from = "from=2027-01-01T00:00:00Z";
    const names = ({ json }: { json: JsonOf<"GET", "/audit"> }) => json.data.map((entry) => entry.resource_name);
    const first = await later.call("GET", `/audit?${from}&limit=2`);
    const second = await later.call("GET", `/audit?${from}&limit=50&cursor=${first.json.next_cursor}`);
    expect([...names(first), ...names(second)]).toEqual(slugs);
    expect(second.json.next_cursor).toBeNull();
    expect(names(await later.call("GET", `/audit?${from}&kind=source`))).toEqual([slugs[0], slugs[2], slugs[4]]);
    expect(names(await later.call("GET", `/audit?${from}&actor=admin_token`))).toEqual(slugs);
    expect(names(await later.call("GET", `/audit?${from}&actor=tok_other`))).toEqual([]);
    const until = await later.call("GET", `/audit?${from}&to=2027-01-01T00:00:03Z`);
    expect(names(until)).toEqual(slugs.slice(3));
    expect((await later.call("GET", "/audit?kind=planet")).json.errors?.[0]?.pointer).toBe("/query/kind");
  });

  it("drops entries older than AUDIT_RETENTION_DAYS, 400 by default, and no others", async () => {
    const DAY_MS = 86_400_000;
    const world = createWorld();
    const at = async (days: number): Promise<string> => {
      const client = createClient({ now: () => world.now() - days * DAY_MS });
      const slug = unique("old");
      await client.call("POST", "/sources", { slug });
      return slug;
    };
    const [old, young] = [await at(401), await at(399)];
    await world.sweep();
    expect(await entries(old)).toEqual([]);
    expect(await entries(young)).toHaveLength(1);
  });
});
