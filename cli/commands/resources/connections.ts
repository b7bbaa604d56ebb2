// `connections`: which events of a source go to which destination.
import { jsonText, type Group } from "../../command.ts";
import { readObject } from "../../data.ts";
import { EXIT, UsageError } from "../../errors.ts";
import { DATA, getCommand, listCommand, newRecord, switchCommand } from "./resource.ts";

export const connections: Group = {
  summary: "List, show, create, pause, resume, disable or enable connections",
  fallback: "list",
  verbs: {
    list: listCommand({
      summary: "List connections, newest first",
      page: ({ client }, query) => client.call("GET /connections", { query }),
      columns: [
        { heading: "SLUG", least: 12 },
        { heading: "SOURCE", least: 10 },
        { heading: "DESTINATION", least: 12 },
        { heading: "STATE" },
        { heading: "FILTER", drop: 2 },
        { heading: "TRANSFORM", drop: 1 },
      ],
      row: (connection) => [
        connection.slug,
        connection.source_slug ?? connection.source,
        connection.destination_slug ?? connection.destination,
        !connection.enabled
          ? { text: "disabled", colour: "red" }
          : connection.paused
            ? { text: "paused", colour: "yellow" }
            : { text: "on", colour: "green" },
        connection.filter === null ? null : "yes",
        connection.transform === null ? null : "yes",
      ],
    }),
    get: getCommand("Show one, by slug or id", "GET /connections/{id}"),
    create: {
      summary: "Connect a source with a destination",
      forms: ["[SLUG]"],
      options: {
        source: { value: "NAME", help: "the source, by slug or id" },
        destination: { value: "NAME", multiple: true, help: "the destination, by slug or id" },
        filter: { value: "JSON|@FILE|-", help: "which events it takes; without it, all" },
        ...DATA,
      },
      async run(context, args) {
        const [source, destinations, filter] = [args.text("source"), args.list("destination"), args.text("filter")];
        if (destinations.length > 1) throw new UsageError("a connection has one --destination");
        if (args.text("data") === undefined && (source === undefined || destinations.length === 0))
          throw new UsageError(`--${source === undefined ? "source" : "destination"} is missing`);
        const body = await newRecord<"POST /connections">(context, "connections", args, {
          source,
          destination: destinations[0],
          filter: filter === undefined ? undefined : await readObject(context.io, filter, "--filter"),
        });
        const made = await context.client.call("POST /connections", { body });
        context.say(context.json ? jsonText(made) : `${made.slug}  ${made.id}`);
        return EXIT.ok;
      },
    },
    pause: switchCommand("Hold its deliveries", "paused", ({ client }, id) =>
      client.call("POST /connections/{id}/pause", { id }),
    ),
    resume: switchCommand("Release its deliveries", "resumed", ({ client }, id) =>
      client.call("POST /connections/{id}/resume", { id }),
    ),
    disable: switchCommand("Take no more events; they are not delivered later either", "disabled", ({ client }, id) =>
      client.call("PATCH /connections/{id}", { id, body: { enabled: false } }),
    ),
    enable: switchCommand("Take events again", "enabled", ({ client }, id) =>
      client.call("PATCH /connections/{id}", { id, body: { enabled: true } }),
    ),
  },
};
