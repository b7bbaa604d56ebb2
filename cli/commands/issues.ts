// `issues`: what keeps failing, by destination and cause, and what is decided about it.
import { codeWords } from "../../src/model/error-words.ts";
import { ISSUE_STATUSES } from "../../src/model/issue.ts";
import type { AnswerOf, BodyOf, QueryOf } from "../../src/api/openapi/client-types.ts";
import { pages } from "../client.ts";
import { jsonText, type Command, type Group } from "../command.ts";
import { EXIT } from "../errors.ts";
import { fields } from "../output.ts";
import { table, type Row } from "../table.ts";

type Query = QueryOf<"GET /issues">;
type Issue = AnswerOf<"GET /issues">["data"][number];
type Change = BodyOf<"PATCH /issues/{id}">;

const PAGE = 200;
const COLOURS = { open: "red", acknowledged: "yellow", muted: "dim", closed: "green" } as const;

const row = (issue: Issue): Row => [
  issue.id,
  issue.destination_slug ?? issue.destination,
  codeWords(issue.cause),
  { text: issue.status, colour: COLOURS[issue.status] },
  issue.count,
  { at: issue.first_seen_at },
  { at: issue.last_seen_at },
];

const list: Command = {
  summary: "List issues, what is not closed first, then by the latest failure",
  options: {
    status: { value: "STATUS", choices: ISSUE_STATUSES, help: ISSUE_STATUSES.join(", ") },
    destination: { value: "NAME", help: "only of this destination, by slug or id" },
    cause: { value: "CAUSE", help: "only of this cause, for example status_500 or timeout" },
    limit: { value: "N", help: "maximum number of issues (all)" },
  },
  async run({ client, json, say, note, look }, args) {
    const limit = args.count("limit", 1) ?? Infinity;
    const named = ["status", "destination", "cause"].map((name) => [name, args.text(name)]);
    const query = Object.fromEntries(named) as Query;
    const issues: Issue[] = [];
    const page = (asked: Query) => client.call("GET /issues", { query: asked });
    for await (const part of pages(page, { ...query, limit: Math.min(PAGE, limit) })) {
      issues.push(...part.slice(0, limit - issues.length));
      if (issues.length >= limit) break;
    }
    const columns = [
      { heading: "ISSUE", drop: 1 },
      { heading: "DESTINATION", least: 11 },
      { heading: "CAUSE", least: 8 },
      { heading: "STATUS" },
      { heading: "FAILURES", drop: 2 },
      { heading: "FIRST SEEN", drop: 4 },
      { heading: "LAST SEEN", drop: 3 },
    ];
    if (json) say(jsonText({ data: issues }));
    else if (issues.length === 0) note("No issues.");
    else say(table(columns, issues.map(row), look));
    return EXIT.ok;
  },
};

/** `acknowledge ID` and its like. */
const decide = (summary: string, status: Change["status"], options: Command["options"] = {}): Command => ({
  summary,
  forms: ["ID"],
  options,
  async run({ client, json, say, io }, args) {
    const lasts = args.duration("for");
    const until = lasts === undefined ? {} : { muted_until: new Date(io.now() + lasts).toISOString() };
    const issue = await client.call("PATCH /issues/{id}", { id: args.only("ID"), body: { status, ...until } });
    say(json ? jsonText(issue) : `${issue.id} ${issue.status}`);
    return EXIT.ok;
  },
});

export const issues: Group = {
  summary: "List, show, acknowledge, mute, close or reopen what keeps failing",
  fallback: "list",
  verbs: {
    list,
    get: {
      summary: "Show one, with the number of its dead letters",
      forms: ["ID"],
      async run({ client, json, say }, args) {
        const issue = await client.call("GET /issues/{id}", { id: args.only("ID") });
        say(json ? jsonText(issue) : fields(Object.entries(issue)));
        return EXIT.ok;
      },
    },
    acknowledge: decide("Mark it as being worked on", "acknowledged"),
    mute: decide("Let it raise no alerts", "muted", {
      for: { value: "AGE", help: "how long: 15m, 2h, 7d; without it, for good" },
    }),
    close: decide("Say that it is over", "closed"),
    reopen: decide("Take every decision back", "open"),
  },
};
