// `replay`: delivers again. Events by id immediately; everything that matches a filter as a bulk replay at a chosen pace.
import type { Args } from "../arguments.ts";
import type { NewReplay, Replay, ReplayPlan } from "../client.ts";
import { jsonText, type Command, type Context } from "../command.ts";
import type { Options } from "../option.ts";
import { EXIT, UsageError } from "../errors.ts";
import { colourOf, counted, progress, type Paint } from "../output.ts";
import { askPatiently } from "../stay-connected.ts";
import { readIds, report, tryEach } from "./retry.ts";

const POLL_MS = 1_000;
const FILTER = ["status", "destination", "source", "connection", "event", "type", "cause", "from", "to"] as const;
/** The options of each of the three forms. */
const FORMS = {
  filter: [...FILTER, "rate", "dry-run", "yes", "wait"],
  run: ["wait", "cancel"],
  events: ["connection"],
} as const;

const atLeast = ({ matched, matched_exact }: Pick<Replay, "matched" | "matched_exact">): string =>
  `${matched_exact ? "" : "at least "}${matched}`;

/** The number of matches and the estimated time. */
const planText = (plan: ReplayPlan): string =>
  `${plan.matched_exact ? "" : "at least "}${counted(plan.matched, "delivery", "deliveries")} at ${plan.rate_per_second} per second, about ${plan.estimated_seconds} s.`;

const runText = (run: Replay, paint: Paint): string =>
  `${run.id} ${paint(run.status, colourOf(run.status))}: ${run.queued} of ${atLeast(run)} queued, ${run.done} delivered, ${run.failed} failed.`;

function formOf({ positionals }: Args): keyof typeof FORMS {
  if (positionals.length === 0) return "filter";
  return positionals[0]?.startsWith("rpl_") === true ? "run" : "events";
}

/** The filter as the user gives it; the API validates it. */
function parseFilter(args: Args, now: number): NewReplay {
  const given = FILTER.map((name) => [
    name,
    name === "from" || name === "to" ? args.instant(name, now) : args.text(name),
  ]).filter(([, value]) => value !== undefined);
  if (given.length === 0) throw new UsageError("an ID or a filter is required");
  return Object.fromEntries(given) as NewReplay;
}

/** Shows the progress until the replay ends. @returns the exit code */
async function awaitEnd(context: Context, started: Replay): Promise<number> {
  const { io, client, json, say, paint } = context;
  const bar = progress(io.err, json);
  let run = started;
  for (;;) {
    const ended = run.done + run.failed;
    // Deliveries retried elsewhere match but are never queued, so a replay that is done has fewer than it matched.
    const total = run.status === "done" ? ended : Math.max(run.matched, ended);
    bar.step("replay", ended, total, run.failed > 0 ? `${run.failed} failed` : "");
    if (run.status !== "running") break;
    await io.sleep(POLL_MS);
    run = await askPatiently(context, () => client.replay(started.id));
  }
  bar.end();
  say(json ? jsonText(run) : runText(run, paint));
  return run.status === "done" && run.failed === 0 ? EXIT.ok : EXIT.failed;
}

async function start(context: Context, args: Args): Promise<number> {
  const { io, client, json, say, note } = context;
  const rate = args.amount("rate");
  const wanted = { ...parseFilter(args, io.now()), ...(rate === undefined ? {} : { rate_per_second: rate }) };
  const asks = !args.flag("yes") && !args.flag("dry-run");
  if (asks && (json || !io.interactive)) throw new UsageError("--yes is required without a terminal or with --json");
  const plan = await client.planReplay(wanted);
  if (args.flag("dry-run")) {
    say(json ? jsonText(plan) : planText(plan));
    return EXIT.ok;
  }
  note(planText(plan));
  if (asks && !/^y(es)?$/i.test((await io.ask("Deliver them again? [y/N] ")).trim())) {
    note("Not started.");
    return EXIT.failed;
  }
  return follow(context, args, await client.startReplay(wanted));
}

async function follow(context: Context, args: Args, run: Replay): Promise<number> {
  if (args.flag("wait")) return awaitEnd(context, run);
  context.say(context.json ? jsonText(run) : runText(run, context.paint));
  return EXIT.ok;
}

async function existing(context: Context, args: Args): Promise<number> {
  const id = args.only("REPLAY");
  if (args.flag("cancel") && args.flag("wait")) throw new UsageError("--cancel cannot be used with --wait");
  const { cancelReplay, replay: find } = context.client;
  return follow(context, args, await (args.flag("cancel") ? cancelReplay(id) : find(id)));
}

async function named(context: Context, args: Args): Promise<number> {
  const ids = await readIds(context, args.positionals, "event");
  const tried = await tryEach(context, ids, "replay", (id) => context.client.replayEvent(id, args.text("connection")));
  return report(context, tried, ({ data }) => counted(data.length, "delivery", "deliveries"));
}

const FILTER_OPTIONS = {
  status: {
    value: "STATUS",
    choices: ["dead", "delivered", "cancelled", "ignored"],
    help: "dead, delivered, cancelled, or ignored (events that no connection took); default: dead and delivered",
  },
  destination: { value: "NAME", help: "only this destination, by slug or id" },
  source: { value: "NAME", help: "only this source, by slug or id" },
  connection: { value: "NAME", help: "only this connection, by slug or id; also with EVENT" },
  event: { value: "ID", help: "only this event" },
  type: { value: "TYPE", help: "only events of this type" },
  cause: { value: "CAUSE", help: "only dead ones of this cause of an issue" },
  from: { value: "WHEN", help: "the event arrived then or later: 2026-01-31T12:00:00Z, or an age: 15m, 2h, 7d" },
  to: { value: "WHEN", help: "the event arrived before: a time or an age" },
} as const satisfies Options;

export const replay: Command = {
  summary: "Deliver again: events by id, or everything that matches a filter",
  forms: ["EVENT...", "-", "--status dead", "REPLAY"],
  options: {
    ...FILTER_OPTIONS,
    rate: { value: "N", help: "maximum deliveries per second (50)" },
    "dry-run": { help: "only show how many match" },
    yes: { short: "y", help: "do not ask for confirmation" },
    wait: { help: "wait until the replay ends; exit with 1 if some deliveries failed or it was cancelled" },
    cancel: { help: "cancel REPLAY: nothing more is queued" },
  },
  async run(context, args) {
    const form = formOf(args);
    const unparsable = [...FORMS.filter, "cancel"].find(
      (name) =>
        !(FORMS[form] as readonly string[]).includes(name) && (args.flag(name) || args.text(name) !== undefined),
    );
    if (unparsable !== undefined) {
      const byFilter = form === "events" && unparsable !== "cancel" ? BY_FILTER : "";
      throw new UsageError(`--${unparsable} ${MISPLACED[form]}${byFilter}`);
    }
    switch (form) {
      case "filter":
        return start(context, args);
      case "run":
        return existing(context, args);
      case "events":
        return named(context, args);
    }
  },
};

const MISPLACED = {
  filter: "requires the ID of a replay",
  run: "cannot be used with the ID of a replay",
  events: "cannot be used with IDs of events",
} as const;
const BY_FILTER =
  ": use replay --event ID, which repeats the deliveries of the event that have ended. events get ID shows how they go";
