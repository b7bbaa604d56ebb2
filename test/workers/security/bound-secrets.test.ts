// A sealed secret that is copied to another record does not open there.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { StoredSecret } from "../../../src/model/secret.ts";
import { createRoute, createWorld } from "../harness.ts";

const authOf = async (id: string): Promise<{ token: StoredSecret }> => {
  const row = await env.DB.prepare("SELECT spec FROM destinations WHERE id = ?").bind(id).first<{ spec: string }>();
  return (JSON.parse(row?.spec ?? "{}") as { auth: { token: StoredSecret } }).auth;
};

describe("sealed secrets", () => {
  it("open in no other record: a copied secret makes its delivery wait [G8]", async () => {
    const [from, to] = [
      await createRoute([{ auth: { type: "bearer", token: "token-of-one" } }]),
      await createRoute([{ auth: { type: "bearer", token: "token-of-other" } }]),
    ];
    const { token } = await authOf(from.destinationIds[0] ?? "");
    const target = to.destinationIds[0] ?? "";
    await env.DB.prepare("UPDATE destinations SET spec = json_set(spec, '$.auth.token.sealed', ?1) WHERE id = ?2")
      .bind("sealed" in token ? token.sealed : "", target)
      .run();
    const world = createWorld();
    await world.accept(`/in/${to.slug}`, { body: "{}" });
    await world.turn();
    expect(world.requests).toEqual([]);
    const row = (await world.deliveries()).find(({ destination_id }) => destination_id === target);
    expect([row?.["status"], row?.["deferred_by"], row?.["attempts_made"]]).toEqual([
      "deferred",
      "secret_unavailable",
      0,
    ]);
  });
});
