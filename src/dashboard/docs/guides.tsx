// `/docs/guides`: how filters, transforms and the other texts of the editors are written, on one page that the editors link to. docs/ has the whole story.
import type { Child } from "hono/jsx";
import { PROVIDER_NAMES } from "../../model/provider-names.ts";
import { Table } from "../components/table.tsx";
import { RULES } from "../forms/alert-form.ts";
import { secretsHint } from "../forms/source-form.ts";
import { TOPICS, type Topic } from "../forms/topics.ts";
import type { Contract } from "./contract.ts";
import { Frame, Inline } from "./frame.tsx";

type Lines = readonly (readonly [term: string, meaning: string])[];

const PARTS: Lines = [
  ["headers", "by name, in any case"],
  ["query", "the parameters of the query; a repeated one is an array"],
  ["path", "the rest of the URL's path after the source; `/` if there is none"],
  ["body", "JSON as a value, the text fields of a form as an object of strings, anything else as one string"],
];

/** As docs/filters.md lists them. */
export const OPERATORS: Lines = [
  ["$eq $neq", "equals, or does not equal, the given JSON value"],
  ["$gt $gte $lt $lte", "is greater or less; numbers by size, strings by code unit"],
  ["$in $nin", "is in the list, or not; for a given string: contains it, or not"],
  ["$startsWith $endsWith", "starts or ends with the string, or with one of a list"],
  ["$regex", "contains a match, in RE2 syntax: no look-around, no backreferences"],
  ["$exist", "`true`: is present, even as null; `false`: is missing"],
  ["$or $and", "matches one, or all, of a list of conditions"],
  ["$not", "does not match the condition"],
  ["$ref", "equals the value of another field of the same part, such as `data.items[0].id`"],
];

const TRANSFORM: Lines = [
  ["headers, query", "first `remove` names, then `rename` from old to new, then `set` to templates"],
  ["method", "replaces the method, and overrides the destination's"],
  ["path", "a template that replaces the sub-path after the destination's URL"],
  [
    "body",
    "a JSONata expression over the body; `$headers`, `$query`, `$path`, `$method`, `$event` and `$source` hold the rest",
  ],
  [
    "{{body.order.id}}",
    "in a template: the value of a field of `body`, `headers`, `query`, `path`, `method`, `event` or `source`",
  ],
];

const VARIABLES: Lines = [
  ["{{event.id}} {{event.received_at}}", "the event's id; when it arrived"],
  ["{{event.type}}", "its type; empty where it has none"],
  ["{{source.slug}} {{delivery.id}} {{attempt}}", "source, delivery, and the number of the attempt"],
  ["{{path}}", "the event's sub-path"],
  [
    "{{header.x-foo}} {{query.foo}}",
    "the first header or query parameter of that name in the event; empty if there is none",
  ],
];

const RETRIES: Lines = [
  ["Schedule", "the delays between attempts in seconds: after the last one the delivery is dead"],
  ["Exponential, linear", "from the first delay to the longest one, up to the maximum of attempts"],
  ["Maximum age", "after that the delivery is dead, whatever attempts are left"],
  [
    "Retry on",
    "status codes (`404`), classes (`5xx`), ranges (`500-599`), comparisons (`>=400`), `network`, `timeout`; `!` excludes. What is not listed is dead at once",
  ],
  [
    "Circuit",
    "after so many failures in a row nothing is sent but a probe from time to time, and no attempt is used up",
  ],
];

const BATCHES: Lines = [
  ["Maximum events, size, wait", "a request is sent when the first of them is reached"],
  ["JSON array", "`[{id, received_at, source, headers, body}, …]`; a body that is not UTF-8 is in `body_base64`"],
  ["NDJSON", "the same objects, one on each line"],
  [
    "Response",
    'it settles all deliveries; `207` with `{"results": [{"id", "status"}]}` settles each by its own status',
  ],
];

const ALERTS: Readonly<Record<keyof typeof RULES, string>> = {
  dead_letters: "more deliveries than this ended dead within the window",
  success_rate: "a smaller share of the attempts within the window succeeded",
  open_issues: "more issues than this are open: neither acknowledged nor muted",
  destination_failing: "a destination is failing or its circuit is open, as the overview says",
  source_refusing: "a source refuses everything, as the overview says: usually a wrong secret",
  circuit_open: "a circuit is not closed",
  oldest_message: "the oldest waiting event arrived longer ago than this",
  backlog: "more deliveries than this wait",
  storage: "the database has this share of the record's limit or more",
};

const List = ({ label, head, of }: { label: string; head: readonly [string, string]; of: Lines }) => (
  <Table
    label={label}
    head={head}
    rows={of.map(([term, meaning], index) => ({
      id: `${label.toLowerCase().replaceAll(" ", "-")}-${index}`,
      cells: [<code>{term}</code>, <Inline text={meaning} />],
    }))}
  />
);

const Example = ({ children }: { children: string }) => (
  <pre tabindex={0} role="region" aria-label="Example">
    {children}
  </pre>
);

const GUIDES: Readonly<Record<Topic, Child>> = {
  filters: (
    <>
      <p>
        A connection with a filter takes only the events that match it: all parts that it names, and all fields of each.
        A value matches an equal value, of the same type. If the event has an array, one element must match.
      </p>
      <Example>
        {'{"headers": {"x-github-event": "pull_request"}, "body": {"action": {"$in": ["opened", "reopened"]}}}'}
      </Example>
      <List label="Parts of a filter" head={["Part", "Contents"]} of={PARTS} />
      <List label="Operators of a filter" head={["Operator", "Matches if the value"]} of={OPERATORS} />
      <p>
        A missing field matches only <code>$exist: false</code> and <code>$not</code>.
      </p>
    </>
  ),
  transforms: (
    <>
      <p>
        A transform changes the request on its way to the destination. What it does not name is sent as it arrived, byte
        for byte.
      </p>
      <Example>
        {
          '{"headers": {"set": {"x-order": "{{body.order.id}}"}}, "path": "/orders/{{body.order.id}}", "body": "{ \\"id\\": order.id }"}'
        }
      </Example>
      <List label="Fields of a transform" head={["Field", "Effect"]} of={TRANSFORM} />
    </>
  ),
  variables: (
    <>
      <p>A header that a destination adds may contain variables. Any other name between double braces is refused.</p>
      <Example>{"x-trace: {{event.id}}/{{attempt}}"}</Example>
      <List label="Variables in headers" head={["Variable", "Value"]} of={VARIABLES} />
    </>
  ),
  retries: <List label="Fields of retries" head={["Field", "Meaning"]} of={RETRIES} />,
  batches: <List label="Fields of batches" head={["Field", "Meaning"]} of={BATCHES} />,
  verification: (
    <>
      <p>
        A source verifies that its requests come from the sender. What to enter as secrets, one on each line; any of
        them may match:
      </p>
      <List
        label="Secrets of providers"
        head={["Provider", "Secrets"]}
        of={Object.entries(PROVIDER_NAMES)
          .sort(([, a], [, b]) => a.localeCompare(b, "en"))
          .map(([type, name]) => [name, secretsHint(type) ?? ""])}
      />
    </>
  ),
  alerts: (
    <List
      label="Rules of alerts"
      head={["Rule", "Fires when"]}
      of={Object.entries(RULES).map(([type, name]) => [name, ALERTS[type as keyof typeof ALERTS]])}
    />
  ),
};

export const GuidesPage = ({ contract }: { contract: Contract }) => (
  <Frame title="How it is written" slug="guides" contract={contract}>
    {Object.entries(TOPICS).map(([topic, title]) => (
      <section class="card" id={topic}>
        <h2>{title}</h2>
        {GUIDES[topic as Topic]}
      </section>
    ))}
  </Frame>
);
