// The baseline of the accept benchmark: a Hono Worker that only queues the body. No verification, limits or ids.
import { Hono } from "hono";

const app = new Hono<{ Bindings: { EVENTS: Queue } }>();

app.post("/in/:source", async (c) => {
  await c.env.EVENTS.send(new Uint8Array(await c.req.arrayBuffer()), { contentType: "bytes" });
  return c.json({ status: "accepted" }, 202);
});

export default app;
