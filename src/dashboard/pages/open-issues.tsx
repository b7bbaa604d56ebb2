// The issues of one destination that are not closed, on its page.
import type { Api } from "../api-client.ts";
import { ISSUE_COLUMNS, ISSUE_NUMBERS, issueRow } from "../components/issue-rows.tsx";
import { Table, type Row } from "../components/table.tsx";
import type { IssueShape, List } from "../shapes.ts";

const SHOWN = 10;

/** The latest ones. Closed ones come last in the list. */
export async function readOpenIssues(api: Api, destination: string): Promise<readonly IssueShape[]> {
  const issues = await api.get<List<IssueShape>>("/issues", { destination, limit: SHOWN });
  return issues.data.filter(({ status }) => status !== "closed");
}

const withoutDestination = <T,>(all: readonly T[]): T[] => all.filter((_, index) => index !== 1);

export const OpenIssues = ({ of, destination }: { of: readonly IssueShape[]; destination: string }) => (
  <section class="card" id="issues" data-live>
    <div class="heading">
      <h2>Issues</h2>
      <a href={`/issues?destination=${destination}`}>All of this destination</a>
    </div>
    {of.length === 0 ? (
      <p class="muted">None is open.</p>
    ) : (
      <Table
        label="Open issues"
        head={withoutDestination(ISSUE_COLUMNS)}
        rows={of.map(issueRow).map((row): Row => ({ ...row, cells: withoutDestination(row.cells) }))}
        numeric={ISSUE_NUMBERS.map((index) => index - 1)}
      />
    )}
  </section>
);
