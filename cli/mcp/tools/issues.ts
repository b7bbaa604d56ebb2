// Tools that read issues: what keeps failing at a destination for one cause.
import * as z from "zod";
import { ISSUE_STATUSES } from "../../../src/model/issue.ts";
import { tool } from "../tool.ts";
import { DESTINATION, given, PAGE } from "./inputs.ts";

export const issueTools = [
  tool({
    name: "list_issues",
    title: "List issues",
    description:
      "What keeps failing, one issue for each destination and cause: count, first and last failure, the last delivery and event. Open ones first.",
    writes: false,
    input: z.strictObject({ status: z.enum(ISSUE_STATUSES).optional(), destination: DESTINATION, ...PAGE }),
    run: async ({ client }, input) => {
      const { data, next_cursor } = await client.call("GET /issues", { query: given(input) });
      return { issues: data, next_cursor };
    },
  }),
];
