// Queues and their consumers of the stand-in.
import { present, refuse } from "./refusal.ts";
import { param, type Request, type Route } from "./routes.ts";
import { hex, instant, type Consumer, type QueueState, type State } from "./state.ts";

const A = "/accounts/:a";
const DAY_SECONDS = 86_400;

const view = (state: State, queue_id: string, { name, settings, consumers }: QueueState) => ({
  queue_id,
  queue_name: name,
  created_on: instant(),
  modified_on: instant(),
  settings,
  producers: Object.entries(state.scripts).flatMap(([script, { versions }]) =>
    versions.at(-1)?.bindings.some((binding) => binding["queue_name"] === name) ? [{ type: "worker", script }] : [],
  ),
  producers_total_count: 0,
  consumers,
  consumers_total_count: consumers.length,
});

const queue = (request: Request): QueueState =>
  present(request.state.queues[param(request, "q")], 10025, "queue not found");

/** The limits that Cloudflare documents. */
const LIMITS = {
  batch_size: [1, 100],
  max_wait_time_ms: [0, 60_000],
  max_retries: [0, 100],
  retry_delay: [0, DAY_SECONDS],
  max_concurrency: [1, 250],
} as const;

function consumerSettings({ state, body }: Request): Pick<Consumer, "settings" | "dead_letter_queue"> {
  const settings = (body["settings"] ?? {}) as Record<string, number | undefined>;
  for (const [name, [low, high]] of Object.entries(LIMITS)) {
    const value = settings[name];
    if (value != null && !(value >= low && value <= high)) refuse(100104, `${name} must be between ${low} and ${high}`);
  }
  const dead_letter_queue = body["dead_letter_queue"] as string | undefined;
  // Documentation says that it is made. Refused here, which is the stricter reading.
  if (dead_letter_queue !== undefined && !Object.values(state.queues).some(({ name }) => name === dead_letter_queue))
    refuse(11000, `dead letter queue ${dead_letter_queue} does not exist`);
  return { settings, dead_letter_queue };
}

export const queueRoutes: readonly Route[] = [
  [
    "GET",
    `${A}/queues`,
    ({ state, query }) => {
      const names = query.getAll("name");
      return Object.entries(state.queues)
        .filter(([, { name }]) => names.length === 0 || names.includes(name))
        .map(([id, one]) => view(state, id, one));
    },
  ],
  [
    "POST",
    `${A}/queues`,
    ({ state, body }) => {
      const name = String(body["queue_name"]);
      if (Object.values(state.queues).some((one) => one.name === name))
        return refuse(11009, `Queue name '${name}' is already taken.`, 409);
      if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return refuse(11003, "Queue name is invalid.");
      const id = hex();
      const message_retention_period = (state.settings.plan === "free" ? 1 : 4) * DAY_SECONDS;
      state.queues[id] = { name, settings: { delivery_delay: 0, message_retention_period }, consumers: [] };
      return view(state, id, state.queues[id]);
    },
  ],
  ["GET", `${A}/queues/:q`, (request) => view(request.state, param(request, "q"), queue(request))],
  [
    "PATCH",
    `${A}/queues/:q`,
    (request) => {
      const most = (request.state.settings.plan === "free" ? 1 : 14) * DAY_SECONDS;
      const settings = request.body["settings"] as Record<string, number>;
      if ((settings["message_retention_period"] ?? 0) > most)
        return refuse(100124, `message_retention_period must be at most ${most} seconds`);
      Object.assign(queue(request).settings, settings);
      return view(request.state, param(request, "q"), queue(request));
    },
  ],
  [
    "DELETE",
    `${A}/queues/:q`,
    (request) => {
      const { name } = queue(request);
      const user = Object.entries(request.state.scripts).find(([, { versions }]) =>
        versions.at(-1)?.bindings.some((binding) => binding["queue_name"] === name),
      );
      if (user !== undefined) return refuse(11005, `Queue '${name}' is bound to the Worker '${user[0]}'`);
      delete request.state.queues[param(request, "q")];
      return null;
    },
  ],
  ["GET", `${A}/queues/:q/consumers`, (request) => queue(request).consumers],
  [
    "POST",
    `${A}/queues/:q/consumers`,
    (request) => {
      if (queue(request).consumers.length > 0) return refuse(11004, "Queue already has a consumer");
      const script = String(request.body["script_name"]);
      const consumer = { consumer_id: hex(), type: "worker", script, ...consumerSettings(request) };
      queue(request).consumers.push(consumer);
      return consumer;
    },
  ],
  [
    "PUT",
    `${A}/queues/:q/consumers/:c`,
    (request) => {
      const id = param(request, "c");
      const found = queue(request).consumers.find((one) => one.consumer_id === id);
      return Object.assign(present(found, 11002, "consumer not found"), consumerSettings(request));
    },
  ],
  [
    "DELETE",
    `${A}/queues/:q/consumers/:c`,
    (request) => {
      const of = queue(request);
      of.consumers = of.consumers.filter((one) => one.consumer_id !== param(request, "c"));
      return null;
    },
  ],
];
