// Links from a notice to the issues behind it. Pure.
import type { AlertDetail, AlertRule, AlertState, Notice } from "../model/alert.ts";
import { issueKey } from "../model/issue.ts";

export interface IssueLink {
  readonly label: string;
  readonly url: string;
}

/** None without an origin, and none where nothing is wrong any more. @param origin scheme and host of the dashboard */
export const issueLinks = (rule: AlertRule, { kind, details }: Notice, origin: string | null): readonly IssueLink[] =>
  origin === null || (kind !== "opened" && kind !== "repeated")
    ? []
    : details.flatMap(({ name, issue }) => {
        const key = issue === undefined ? null : issueKey(issue);
        if (key === null) return [];
        const label = rule.type === "open_issues" ? name : `${name}: ${key.cause}`;
        return [{ label, url: `${origin}/issues/${issue}` }];
      });

/** The field of a detail in a webhook. */
export const issueUrl = ({ issue }: AlertDetail, origin: string | null): { readonly url?: string } =>
  issue === undefined || origin === null ? {} : { url: `${origin}/issues/${issue}` };

/** The state with the issues of the destinations that its new notice names. @param latest by the destination's slug */
export function withIssues(state: AlertState, latest: ReadonlyMap<string, string>): AlertState {
  if (state.notice === null) return state;
  const details = state.notice.details.map((detail): AlertDetail => {
    const issue = detail.issue ?? latest.get(detail.name);
    return issue === undefined ? detail : { ...detail, issue };
  });
  return { ...state, notice: { ...state.notice, details } };
}
