// `npm run bench:filters`: how many events per second one core matches against 100 filters. Has no budget.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { utf8 } from "../src/kernel/bytes.ts";
import { compileFilter } from "../src/routing/filter-compile.ts";
import { matches } from "../src/routing/filter-match.ts";
import { requestViews } from "../src/routing/request-views.ts";

interface Examples {
  readonly name: string;
  readonly examples: readonly object[];
}

const path = createRequire(import.meta.url).resolve("@octokit/webhooks-examples/api.github.com/index.json");
const payloads = (JSON.parse(readFileSync(path, "utf8")) as Examples[])
  .flatMap(({ name, examples }) => examples.map((example) => ({ name, text: JSON.stringify(example) })))
  .sort((a, b) => Math.abs(a.text.length - 10_240) - Math.abs(b.text.length - 10_240));
const chosen = payloads[0];
if (chosen === undefined) throw new Error("no payload");

const FILTERS = 100;
const filters = Array.from({ length: FILTERS }, (_, index) => {
  const kinds: object[] = [
    { headers: { "X-GitHub-Event": index % 2 === 0 ? chosen.name : "other" } },
    { body: { action: { $in: ["opened", "created", `a${index}`] }, sender: { type: "User" } } },
    { body: { repository: { full_name: { $regex: `^[A-Za-z]+/.*${index}$` } } } },
    {
      body: {
        $or: [{ "sender.login": { $startsWith: "Code" } }, { sender: { id: { $gt: index } } }],
        $not: { action: "x" },
      },
    },
    { $and: [{ path: { $startsWith: "/" } }, { body: { repository: { owner: { login: { $neq: `u${index}` } } } } }] },
  ];
  const filter = compileFilter(kinds[index % kinds.length]);
  if (!filter.ok) throw new Error(filter.error.detail);
  return filter.value;
});

const bytes = utf8(chosen.text);
const event = {
  headers: [
    ["x-github-event", chosen.name],
    ["content-type", "application/json"],
  ] as const,
  path: "/hook",
  query: "?a=1",
};
const once = (): number => {
  const views = requestViews(event, bytes);
  return filters.filter((filter) => matches(filter, views)).length;
};

for (let warm = 0; warm < 500; warm++) once();
const ROUNDS = 5_000;
const started = performance.now();
for (let round = 0; round < ROUNDS; round++) once();
const ms = performance.now() - started;
console.log(`payload ${chosen.name}, ${bytes.byteLength} bytes; ${FILTERS} filters, ${once()} match`);
console.log(
  `${Math.round((ROUNDS / ms) * 1_000)} events/s, ${((ms / ROUNDS) * 1_000).toFixed(1)} µs per event, including parsing`,
);
