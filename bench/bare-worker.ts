// What accepting is measured against: a Hono Worker that puts the body into a queue and says so. No verification, no limits, no ids.
import { Hono } from "hono";

const app = new Hono<{ Bindings: { EVENTS: Queue } }>();

app.post("/in/:source", async (c) => {
  await c.env.EVENTS.send(new Uint8Array(await c.req.arrayBuffer()), { contentType: "bytes" });
  return c.json({ status: "accepted" }, 202);
});

export default app;
