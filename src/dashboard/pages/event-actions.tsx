// What the buttons of an event's page do: retry, replay, cancel, discard; and the download of its body.
import type { Hono } from "hono";
import { eventIdOf, isDeliveryId, type DeliveryId } from "../../model/ids.ts";
import { ApiProblem, type ProblemBody } from "../api-client.ts";
import { confirmed } from "../components/confirm.tsx";
import { deliveryById } from "../components/delivery-href.ts";
import type { Ctx, DashEnv } from "../deps.ts";
import { localPath } from "../security.ts";

/** Downloads the exact bytes as a file; the browser never renders them with the sender's content type. */
async function download(c: Ctx): Promise<Response> {
  const answer = await c.get("api").raw(`/events/${encodeURIComponent(c.req.param("id") ?? "")}/body`);
  if (answer.ok) return answer;
  throw new ApiProblem(await answer.json<ProblemBody>());
}

/** Makes the API call and returns to the event, or shows the problem. */
async function act(c: Ctx, event: string, path: string, done: string, body?: unknown): Promise<Response> {
  const answer = await c.get("api").send("POST", path, body);
  if (!answer.ok) throw new ApiProblem(answer.problem);
  const back = localPath((await c.req.parseBody())["back"]) ?? `/events/${event}`;
  return c.redirect(`${back}${back.includes("?") ? "&" : "?"}done=${done}`, 303);
}

export function mountEventActions(app: Hono<DashEnv>): void {
  app.get("/events/:id/body", (c) => download(c));
  app.post("/events/:id/replay", async (c) => {
    const id = c.req.param("id");
    const { connection } = await c.req.parseBody();
    return act(
      c,
      id,
      `/events/${encodeURIComponent(id)}/replay`,
      "replayed",
      typeof connection === "string" && connection !== "" ? { connection } : {},
    );
  });
  app.get("/deliveries/:id", (c) => c.redirect(deliveryById(deliveryOf(c)), 303));
  app.post("/deliveries/:id/retry", (c) => act(c, eventOf(c), `/deliveries/${c.req.param("id")}/retry`, "retried"));
  app.post("/deliveries/:id/cancel", async (c) => {
    const event = eventOf(c);
    const asked = await confirmed(c, {
      title: "Cancel this delivery?",
      text: "It will not be attempted again. Its event stays and can be replayed.",
      label: "Cancel delivery",
      back: `/events/${event}`,
      room: "events",
    });
    return asked ?? act(c, event, `/deliveries/${c.req.param("id")}/cancel`, "cancelled");
  });
  app.post("/deliveries/:id/discard", async (c) => {
    const event = eventOf(c);
    const asked = await confirmed(c, {
      title: "Discard this dead letter?",
      text: "It is removed from the dead letters. Its event stays and can be replayed.",
      label: "Discard",
      back: `/events/${event}`,
      room: "events",
    });
    return asked ?? act(c, event, `/deliveries/${c.req.param("id")}/cancel`, "discarded");
  });
}

function deliveryOf(c: Ctx): DeliveryId {
  const id = c.req.param("id") ?? "";
  if (!isDeliveryId(id))
    throw new ApiProblem({
      title: "Not found",
      status: 404,
      code: "not_found",
      detail: "This delivery does not exist.",
    });
  return id;
}

/** The event's id in a delivery's id. */
const eventOf = (c: Ctx): string => eventIdOf(deliveryOf(c));
