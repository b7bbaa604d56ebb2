import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import callbacks from "../../../docs/callbacks.md?raw";
import publish from "../../../docs/publish.md?raw";
import { createClient } from "./harness.ts";

const markdown = publish + callbacks;
const examples = [...markdown.matchAll(/```sh\ncurl "\$api\/events"(.*?) -d '(.*?)'\n```/gs)].map(
  ([, head = "", body = ""]) => ({
    body,
    key: /idempotency-key: ([^"]+)/.exec(head)?.[1],
  }),
);

describe("the examples of docs/publish.md and docs/callbacks.md", async () => {
  const { call, kept } = createClient();
  await call("POST", "/sources", { slug: "shop" });
  await call("POST", "/destinations", { slug: "orders", url: "https://orders.test/hooks" });

  it("are all of its curl commands", () => {
    expect(examples.length).toBeGreaterThanOrEqual(4);
    expect(examples).toHaveLength(markdown.match(/curl "\$api\/events"/g)?.length ?? 0);
  });

  it.each(examples)("are accepted as they are: $body", async ({ body, key }) => {
    const answer = await call("POST", "/events", body, key === undefined ? {} : { "idempotency-key": key });
    expect([answer.status, answer.json.status]).toEqual([202, "accepted"]);
    expect(kept.at(-1)?.id).toBe(answer.json.id);
  });

  it("send their bodies as the table says", async () => {
    const rows = [...markdown.matchAll(/^\| `("body(?:_base64)?": [^|]*)` \| (?:`([^`]*)`)?[^|]* \| `([^`]*)` \|$/gm)];
    expect(rows).toHaveLength(4);
    for (const [, member = "", sent, type] of rows) {
      await call("POST", "/events", `{"source": "shop", ${member}}`);
      const event = kept.at(-1);
      const bytes = event?.body.kind === "inline" ? [...event.body.bytes] : [];
      expect(bytes).toEqual(sent === undefined ? [0, 1, 2] : [...new TextEncoder().encode(sent)]);
      expect(event?.headers).toEqual([["content-type", type]]);
    }
    expect((await env.DB.prepare("SELECT COUNT(*) AS n FROM sources").first<{ n: number }>())?.n).toBe(1);
  });
});
