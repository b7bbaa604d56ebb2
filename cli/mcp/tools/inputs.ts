// Inputs that several tools take. The API checks what they say.
import * as z from "zod";

const MAX_ROWS = 50;

const instant = z.string().max(40);

export const RANGE = {
  from: instant.optional().describe("At or after this instant, RFC 3339, for example 2026-01-31T12:00:00Z"),
  to: instant.optional().describe("Before this instant"),
};
export const PAGE = {
  limit: z.int().min(1).max(MAX_ROWS).default(20).describe("At most this many, newest first"),
  cursor: z.string().max(2_000).optional().describe("next_cursor of the answer before, with the same filters"),
};
export const SOURCE = z.string().max(64).optional().describe("Only of this source: slug or id");
export const DESTINATION = z.string().max(64).optional().describe("Only to this destination: slug or id");
export const CONNECTION = z.string().max(64).optional().describe("Only over this connection: slug or id");
export const CAUSE = z.string().max(64).optional().describe("Only with this cause of an issue: see list_issues");
export const TYPE = z.string().max(128).optional().describe("Only of events of exactly this type");

/** An input without the fields that were not given, as the API takes it. */
export const given = <T extends object>(input: T): { [N in keyof T]: Exclude<T[N], undefined> } =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as {
    [N in keyof T]: Exclude<T[N], undefined>;
  };
