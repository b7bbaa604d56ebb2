// What `sources`, `destinations` and `connections` have in common: lists, single records, creating one, switching one.
import type { BodyOf, Page } from "../../../src/api/openapi/client-types.ts";
import { HEALTH_WORDS, isTrouble } from "../../../src/model/health.ts";
import type { Args } from "../../arguments.ts";
import { pages } from "../../client.ts";
import { jsonText, type Command, type Context } from "../../command.ts";
import { readObject } from "../../data.ts";
import { EXIT, UsageError } from "../../errors.ts";
import { fields } from "../../output.ts";
import { fillSecrets } from "../../secrets.ts";
import { table, type Column, type Row } from "../../table.ts";

const PAGE = 200;

interface ListQuery {
  readonly search?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** `list`: all of them, newest first, or those that `--search` names. */
export function listCommand<T>(given: {
  readonly summary: string;
  readonly page: (context: Context, query: ListQuery) => Promise<Page<T>>;
  readonly columns: readonly Column[];
  readonly row: (record: T) => Row;
}): Command {
  return {
    summary: given.summary,
    options: {
      search: { value: "TEXT", help: "only with this text in the name or slug" },
      limit: { value: "N", help: "maximum number of records, newest first (all)" },
    },
    async run(context, args) {
      const [limit, search] = [args.count("limit", 1) ?? Infinity, args.text("search")];
      const query = { ...(search === undefined ? {} : { search }), limit: Math.min(PAGE, limit) };
      const records: T[] = [];
      for await (const page of pages((asked: ListQuery) => given.page(context, asked), query)) {
        records.push(...page.slice(0, limit - records.length));
        if (records.length >= limit) break;
      }
      if (context.json) context.say(jsonText({ data: records }));
      else if (records.length === 0) context.note("No records.");
      else context.say(table(given.columns, records.map(given.row), context.look));
      return EXIT.ok;
    },
  };
}

/** How a record does, in the words that pages and alerts use. */
export const healthCell = (health: keyof typeof HEALTH_WORDS): Row[number] => ({
  text: HEALTH_WORDS[health],
  colour: isTrouble(health) ? "red" : health === "healthy" ? "green" : "yellow",
});

/** `get NAME`: one record with all its fields. */
export const getCommand = (
  summary: string,
  operation: "GET /sources/{id}" | "GET /destinations/{id}" | "GET /connections/{id}",
): Command => ({
  summary,
  forms: ["NAME"],
  async run({ client, json, say }, args) {
    const record = await client.call(operation, { id: args.only("NAME") });
    say(json ? jsonText(record) : fields(Object.entries(record)));
    return EXIT.ok;
  },
});

/** `pause NAME` and its like. @param done the record's new state, for the message */
export const switchCommand = <T extends { readonly slug: string }>(
  summary: string,
  done: string,
  act: (context: Context, id: string) => Promise<T>,
): Command => ({
  summary,
  forms: ["NAME"],
  async run(context, args) {
    const record = await act(context, args.only("NAME"));
    context.say(context.json ? jsonText(record) : `${record.slug} ${done}`);
    return EXIT.ok;
  },
});

export const DATA = {
  data: {
    value: "JSON|@FILE|-",
    help: 'further fields as in the API; {"env": "NAME"} in place of a secret is a variable of the environment',
  },
  name: { value: "TEXT", help: "its name; the slug is derived from it if there is none" },
} as const;

/**
 * The body of `create [SLUG]`: fields of `--data`, then those of the other options.
 * @param given the fields that options name
 */
export async function newRecord<K extends "POST /sources" | "POST /destinations" | "POST /connections">(
  { io }: Context,
  kind: "sources" | "destinations" | "connections",
  args: Args,
  given: object,
): Promise<BodyOf<K>> {
  const slug = args.positionals.length === 0 ? undefined : args.only("SLUG");
  const data = args.text("data");
  const record = {
    ...(data === undefined ? {} : await readObject(io, data, "--data")),
    ...Object.fromEntries(
      Object.entries({ slug, name: args.text("name"), ...given }).filter(([, value]) => value !== undefined),
    ),
  };
  if (!("slug" in record) && !("name" in record) && kind !== "connections")
    throw new UsageError("SLUG, --name or --data is missing");
  fillSecrets({ [kind]: [record] }, io.env, "--data");
  return record as BodyOf<K>;
}

/** A secret from the environment, so that it stands in no list of processes. @throws UsageError if the variable is not set */
export function secretFrom({ io }: Context, name: string): string {
  const secret = io.env[name];
  if (!secret) throw new UsageError(`the environment variable ${name} is not set`);
  return secret;
}
