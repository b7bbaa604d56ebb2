// Issues as rows of a table.
import { Badge } from "./badge.tsx";
import { Inert } from "./inert.tsx";
import { count } from "./number.ts";
import type { Row } from "./table.tsx";
import { Time } from "./time.tsx";
import { LOOKS } from "../pages/issue-words.ts";
import { codeWords } from "../../model/error-words.ts";
import type { IssueShape } from "../shapes.ts";

export const IssueBadge = ({ of }: { of: IssueShape }) => {
  const [badge, label] = LOOKS[of.status];
  return <Badge status={badge} label={label} />;
};

const destinationOf = (issue: IssueShape): string => issue.destination_slug ?? issue.destination;

export const ISSUE_COLUMNS = ["Issue", "Destination", "State", "Failures", "First seen", "Last seen"] as const;
/** The index of the column with a number. */
export const ISSUE_NUMBERS = [3];

export const issueRow = (issue: IssueShape): Row => ({
  id: issue.id,
  cells: [
    <a href={`/issues/${issue.id}`}>
      {codeWords(issue.cause)}
      <span class="visually-hidden"> at {destinationOf(issue)}</span>
    </a>,
    <a href={`/destinations/${issue.destination}`}>
      <Inert text={destinationOf(issue)} max={64} />
    </a>,
    <IssueBadge of={issue} />,
    count(issue.count),
    <Time at={issue.first_seen_at} kind="ago" />,
    <Time at={issue.last_seen_at} kind="ago" />,
  ],
});
