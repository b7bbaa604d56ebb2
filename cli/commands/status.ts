// `status`: the backlog of the queues, and destinations with problems.
import { pages, type Destination, type Health, type Queues } from "../client.ts";
import { jsonText, type Command, type Context } from "../command.ts";
import { EXIT } from "../errors.ts";
import { counted, progress, table, type Paint } from "../output.ts";
import { runPool } from "../../src/kernel/pool.ts";

/** Limits the load: each destination costs Sluice some queries. */
const MAX_DESTINATIONS = 200;
const WIDTH = 4;
/** A destination with a lower success rate of recent attempts has a problem. */
const GOOD_RATE = 0.9;

/** A destination's problems as text; empty if there are none. */
function problems(health: Health, now: number): string[] {
  const { circuit, backlog, success_rate, paused_until } = health;
  const dead = backlog["dead"] ?? 0;
  return [
    ...(health.paused ? ["paused"] : []),
    ...(circuit === "open" || circuit === "half_open" ? [`circuit ${circuit}`] : []),
    ...(paused_until !== null && Date.parse(paused_until) > now ? [`Retry-After until ${paused_until}`] : []),
    ...(health.lane === "slow" ? ["slow"] : []),
    ...(health.pace.throttled === true ? ["throttled"] : []),
    ...(success_rate !== null && success_rate < GOOD_RATE ? [`${Math.floor(success_rate * 100)} % success`] : []),
    ...(dead > 0 ? [`${dead} dead`] : []),
  ];
}

const waiting = ({ backlog }: Health): number =>
  Object.entries(backlog).reduce((sum, [status, count]) => sum + (status === "dead" ? 0 : count), 0);

const size = (bytes: number): string => {
  const units = ["B", "KB", "MB", "GB"];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1_000 ** step).toPrecision(3))} ${units[step] ?? ""}`;
};

const queueTable = ({ queues, database }: Queues, paint: Paint): string =>
  `${table(
    ["QUEUE", "MESSAGES", "SIZE", "OLDEST"],
    queues.map((queue) => [
      queue.name,
      queue.backlog_count,
      queue.backlog_bytes === null ? null : size(queue.backlog_bytes),
      queue.oldest_message_at,
    ]),
    paint,
  )}\n\nDatabase: ${size(database.size_bytes)} of ${size(database.max_bytes)}.`;

const destinationTable = (all: readonly Health[], now: number, paint: Paint): string =>
  table(
    ["DESTINATION", "WAITING", "OLDEST", "PROBLEM", "LAST ERROR"],
    all.map((health) => [
      health.slug,
      waiting(health),
      health.oldest_waiting?.created_at,
      { text: problems(health, now).join(", ") || "none", colour: problems(health, now).length > 0 ? "red" : "green" },
      health.last_error,
    ]),
    paint,
  );

async function readHealth({ io, client, json }: Context): Promise<{ all: Health[]; left: number }> {
  const known: Destination[] = [];
  for await (const page of pages(client.destinations, { limit: 200 })) known.push(...page);
  const looked = known.slice(0, MAX_DESTINATIONS);
  const bar = progress(io.err, json || looked.length < 10);
  const all: Health[] = [];
  await runPool(looked, WIDTH, async ({ id }) => {
    all.push(await client.health(id));
    bar.step("destinations", all.length, looked.length);
  });
  bar.end();
  return { all: all.sort((a, b) => a.slug.localeCompare(b.slug)), left: known.length - looked.length };
}

export const status: Command = {
  summary: "Show the backlog of the queues, and destinations with problems",
  usage: ["status"],
  flags: [
    ["--all", "show every destination, not only those with problems"],
    ["--exit-code", "exit with 3 if a destination has a problem"],
  ],
  options: { all: { type: "boolean" }, "exit-code": { type: "boolean" } },
  async run(context, args) {
    const { io, client, json, say, note, paint } = context;
    const queues = await client.queues();
    const { all, left } = await readHealth(context);
    const now = io.now();
    const affected = all.filter((health) => problems(health, now).length > 0);
    if (json)
      say(jsonText({ ...queues, destinations: all.map((health) => ({ ...health, troubles: problems(health, now) })) }));
    else {
      const shown = args.flag("all") ? all : affected;
      say(queueTable(queues, paint));
      say(
        shown.length > 0
          ? `\n${destinationTable(shown, now, paint)}`
          : `\n${counted(all.length, "destination")}, no problems.`,
      );
      if (left > 0) note(`${counted(left, "more destination")} ${left === 1 ? "was" : "were"} not checked.`);
    }
    return args.flag("exit-code") && affected.length > 0 ? EXIT.attention : EXIT.ok;
  },
};
