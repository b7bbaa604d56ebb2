// The contract of issues: what keeps failing at a destination for one cause.
import { ISSUE_STATUSES } from "../../model/issue.ts";
import { issueChangeSchema } from "../issue-input.ts";
import { inputSchema } from "./derived.ts";
import { chapter } from "./operation.ts";
import { DESTINATION, taking } from "./parameters.ts";
import { flag, instant, nullable, number, object, oneOf, say, text, type TypeOf } from "./schema.ts";

const fields = {
  id: say(text, "Names the destination and the cause"),
  destination: say(text, "Its id"),
  destination_slug: nullable(text),
  cause: say(
    text,
    "`status_` and the HTTP status; or an error code of attempts, such as `timeout`; or why there was no attempt, such as `transform_failed` or `secret_unavailable`. `other` counts the causes beyond 20",
  ),
  status: oneOf(ISSUE_STATUSES),
  count: say(number, "Failures since it was opened"),
  first_seen_at: say(instant, "When it was opened, last by a failure after its end"),
  last_seen_at: instant,
  affected_from: say(instant, "When the oldest affected event was accepted"),
  last_delivery: say(text, "One of those that failed last"),
  last_event: text,
  reopened: say(number, "How often it was opened again"),
  acknowledged_at: nullable(instant),
  muted_at: nullable(instant),
  muted_until: say(nullable(instant), "Null with `muted_at` set: for good"),
  closed_at: nullable(instant),
  closed_by: say(nullable(text), "`sluice` when it closed by itself, else the name of the token"),
};
const issue = object(fields);

const ISSUE: TypeOf<typeof issue> = {
  id: "iss_01kaxh8e3m7v9q2r4t6w8y0a1b_status_503",
  destination: "dst_01kaxh8e3m7v9q2r4t6w8y0a1b",
  destination_slug: "orders",
  cause: "status_503",
  status: "open",
  count: 412,
  first_seen_at: "2026-11-24T09:00:00.000Z",
  last_seen_at: "2026-11-24T09:12:00.000Z",
  affected_from: "2026-11-24T08:58:31.000Z",
  last_delivery: "dlv_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e5f6g7h8j9k",
  last_event: "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e",
  reopened: 0,
  acknowledged_at: null,
  muted_at: null,
  muted_until: null,
  closed_at: null,
  closed_by: null,
};

export const issues = chapter({
  name: "Issues",
  description:
    "What keeps failing at a destination for one cause: opened by the first failure, closed by itself once the destination has succeeded since, nothing has failed for the cause within 30 minutes and no dead letter of it is left.",
  schemas: () => ({
    Issue: issue,
    IssueDetail: object({
      ...fields,
      dead_letters: say(number, "Dead deliveries of this cause, among the destination's latest 1,000"),
      dead_letters_exact: say(flag, "False where there are more than were examined"),
    }),
    IssueChange: inputSchema(issueChangeSchema),
  }),
  examples: {
    Issue: ISSUE,
    IssueDetail: { ...ISSUE, dead_letters: 12, dead_letters_exact: true },
    IssueChange: { status: "muted", muted_until: "2036-11-25T09:00:00.000Z" },
  },
  operations: {
    "GET /issues": {
      id: "listIssues",
      summary: "List issues: those that are not closed first, then by the latest failure",
      answer: [200, "Issue"],
      list: true,
      query: {
        status: taking(oneOf(ISSUE_STATUSES), "In this state", "open"),
        destination: DESTINATION,
        cause: taking(text, "Of this cause", "status_503"),
      },
    },
    "GET /issues/{id}": {
      id: "getIssue",
      summary: "Read an issue, with the number of dead letters that it has left",
      answer: [200, "IssueDetail"],
      problems: ["not_found"],
    },
    "PATCH /issues/{id}": {
      id: "updateIssue",
      summary: "Acknowledge, mute, close or reopen an issue",
      body: "IssueChange",
      answer: [200, "IssueDetail"],
      problems: ["not_found"],
    },
  },
});
