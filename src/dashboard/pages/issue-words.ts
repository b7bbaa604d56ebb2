// Issues as text. Pure.
import type { IssueShape } from "../shapes.ts";

/** The state's badge, and its word. */
export const LOOKS: Readonly<Record<IssueShape["status"], readonly [badge: string, label: string]>> = {
  open: ["firing", "open"],
  acknowledged: ["in_progress", "acknowledged"],
  muted: ["held", "muted"],
  closed: ["done", "closed"],
};

const encode = (query: Readonly<Record<string, string>>): string => new URLSearchParams(query).toString();

/** Its deliveries that have not been delivered since. Further causes have none in common. */
export const affectedHref = ({ destination, cause, affected_from }: IssueShape): string =>
  `/deliveries?${encode({ destination, ...(cause === "other" ? {} : { cause }), from: affected_from })}`;

/** The form of a bulk replay of its dead letters. */
export const redriveHref = ({ destination, cause, affected_from }: IssueShape): string =>
  `/replays/new?${encode({ status: "dead", destination, ...(cause === "other" ? {} : { cause }), from: affected_from })}`;
