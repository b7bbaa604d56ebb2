// `destinations`: the APIs that webhooks go to.
import { jsonText, type Group } from "../../command.ts";
import { isObject } from "../../data.ts";
import { EXIT, UsageError } from "../../errors.ts";
import { DATA, getCommand, healthCell, listCommand, newRecord, switchCommand } from "./resource.ts";

/** Those that Sluice made: they are in no later answer. */
function signingSecrets(made: object): readonly string[] {
  const signing = "signing" in made && isObject(made.signing) ? made.signing : {};
  return Array.isArray(signing["secrets"]) ? signing["secrets"].map(String) : [];
}

const perSecond = (limit: number | undefined): object | undefined =>
  limit === undefined ? undefined : { limit, period_seconds: 1 };

export const destinations: Group = {
  summary: "List, show, create, pause or resume destinations",
  fallback: "list",
  verbs: {
    list: listCommand({
      summary: "List destinations, newest first",
      page: ({ client }, query) => client.call("GET /destinations", { query: { ...query, expand: "waiting" } }),
      columns: [
        { heading: "SLUG", least: 12 },
        { heading: "NAME", least: 10, drop: 3 },
        { heading: "TYPE", drop: 2 },
        { heading: "HEALTH" },
        { heading: "WAITING" },
        { heading: "URL", least: 14, drop: 1 },
      ],
      row: (destination) => [
        destination.slug,
        destination.name,
        destination.type,
        healthCell(destination.health ?? "healthy"),
        destination.waiting,
        "url" in destination ? destination.url : null,
      ],
    }),
    get: getCommand("Show one, by slug or id", "GET /destinations/{id}"),
    create: {
      summary: "Create one; an HTTP API unless --data names another type",
      forms: ["[SLUG]"],
      options: {
        target: { value: "URL", help: "where its requests go" },
        rate: { value: "N", help: "maximum requests per second" },
        ...DATA,
      },
      async run(context, args) {
        const [rate, url] = [args.amount("rate"), args.text("target")];
        if (url === undefined && args.text("data") === undefined) throw new UsageError("--target or --data is missing");
        const given = { url, rate_limit: perSecond(rate) };
        const body = await newRecord<"POST /destinations">(context, "destinations", args, given);
        const made = await context.client.call("POST /destinations", { body });
        if (context.json) context.say(jsonText(made));
        else {
          context.say(`${made.slug}  ${made.id}`);
          for (const secret of signingSecrets(made)) context.say(`signing secret: ${secret} (shown only once)`);
        }
        return EXIT.ok;
      },
    },
    pause: switchCommand("Hold its deliveries", "paused", ({ client }, id) =>
      client.call("POST /destinations/{id}/pause", { id }),
    ),
    resume: switchCommand("Release its deliveries", "resumed", ({ client }, id) =>
      client.call("POST /destinations/{id}/resume", { id }),
    ),
  },
};
