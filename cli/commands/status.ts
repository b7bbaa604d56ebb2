// `status`: the backlog of the queues, sources that refuse requests, and destinations with problems.
import { pages, type Destination, type Health, type Queues, type Source } from "../client.ts";
import { jsonText, type Command, type Context } from "../command.ts";
import { EXIT } from "../errors.ts";
import { counted, progress } from "../output.ts";
import { table, type Look } from "../table.ts";
import { runPool } from "../../src/kernel/pool.ts";
import { errorText } from "../../src/model/error-words.ts";
import { byHealth, HEALTH_WORDS, isTrouble } from "../../src/model/health.ts";

/** Limits the load: each destination costs Sluice some queries. */
const MAX_DESTINATIONS = 200;
const WIDTH = 4;
/** The states of a destination that ask for attention, as text. The API judges them. */
const problems = ({ health_reasons, backlog, paused_until }: Health): string[] =>
  health_reasons.map((reason) => {
    if (reason === "dead_letters") return counted(backlog["dead"] ?? 0, "dead letter");
    return reason === "retry_after" ? `Retry-After until ${paused_until}` : HEALTH_WORDS[reason];
  });

const waiting = ({ backlog }: Health): number =>
  Object.entries(backlog).reduce((sum, [status, count]) => sum + (status === "dead" ? 0 : count), 0);

const size = (bytes: number): string => {
  const units = ["B", "KB", "MB", "GB"];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1_000 ** step).toPrecision(3))} ${units[step] ?? ""}`;
};

const queueTable = ({ queues, database }: Queues, look: Look): string =>
  `${table(
    [{ heading: "QUEUE" }, { heading: "MESSAGES" }, { heading: "SIZE" }, { heading: "OLDEST" }],
    queues.map((queue) => [
      queue.name,
      queue.backlog_count,
      queue.backlog_bytes === null ? null : size(queue.backlog_bytes),
      { at: queue.oldest_message_at },
    ]),
    look,
  )}\n\nDatabase: ${size(database.size_bytes)} of ${size(database.max_bytes)}.`;

const sourceTable = (sources: readonly Source[], look: Look): string =>
  table(
    [
      { heading: "SOURCE", least: 16 },
      { heading: "ACCEPTED (DAY)", drop: 1 },
      { heading: "REFUSED (DAY)" },
      { heading: "PROBLEM", least: 20 },
    ],
    sources.map(({ slug, last_day, health = "healthy" }) => [
      slug,
      last_day?.accepted,
      last_day?.refused,
      { text: HEALTH_WORDS[health], colour: "red" },
    ]),
    look,
  );

const destinationTable = (all: readonly Health[], look: Look): string =>
  table(
    [
      { heading: "DESTINATION", least: 16 },
      { heading: "WAITING" },
      { heading: "OLDEST", drop: 2 },
      { heading: "PROBLEM", least: 20 },
      { heading: "LAST ERROR", least: 12, drop: 1 },
    ],
    all.map((health) => [
      health.slug,
      waiting(health),
      { at: health.oldest_waiting?.created_at },
      {
        // A pause is a decision: what holds without it does not matter until then.
        text: (health.health !== "paused" && problems(health).join(", ")) || HEALTH_WORDS[health.health],
        colour: isTrouble(health.health) ? "red" : "green",
      },
      health.last_error === null ? null : errorText(health.last_error),
    ]),
    look,
  );

/** @returns the worst first, then those for which most waits */
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
  const ranked = (health: Health) => ({ ...health, load: waiting(health) });
  return { all: all.sort((a, b) => byHealth(ranked(a), ranked(b))), left: known.length - looked.length };
}

export const status: Command = {
  summary: "Show the backlog of the queues, and sources and destinations with problems",
  options: {
    all: { help: "show every destination, not only those with problems" },
    "exit-code": { help: "exit with 3 if a source or a destination has a problem" },
  },
  async run(context, args) {
    const { client, json, say, note, look } = context;
    const queues = await client.queues();
    const { data: sources } = await client.sources({ expand: "health", order: "health", limit: 200 });
    const refusing = sources.filter(({ health = "healthy" }) => isTrouble(health));
    const { all, left } = await readHealth(context);
    const affected = all.filter(({ health }) => isTrouble(health));
    if (json)
      say(
        jsonText({
          ...queues,
          sources: refusing,
          destinations: all.map((health) => ({ ...health, troubles: problems(health) })),
        }),
      );
    else {
      const shown = args.flag("all") ? all : affected;
      say(queueTable(queues, look));
      if (refusing.length > 0) say(`\n${sourceTable(refusing, look)}`);
      say(
        shown.length > 0
          ? `\n${destinationTable(shown, look)}`
          : `\n${counted(all.length, "destination")}, no problems.`,
      );
      if (left > 0) note(`${counted(left, "more destination")} ${left === 1 ? "was" : "were"} not checked.`);
    }
    return args.flag("exit-code") && affected.length + refusing.length > 0 ? EXIT.attention : EXIT.ok;
  },
};
