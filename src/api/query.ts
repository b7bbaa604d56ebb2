// Query parameters of the lists: page size, cursor, range of time, names.
import type { Context } from "hono";
import * as z from "zod";
import { MAX_EVENT_TYPE_LENGTH } from "../config/limits.ts";
import { decodeUtf8, fromBase64, toBase64Url, utf8 } from "../kernel/bytes.ts";
import { inexactNumbers } from "../kernel/inexact-numbers.ts";
import { firstKeyAt, isConfigId } from "../model/ids.ts";
import { noneNamed } from "../management/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid, Problem, refuseFaults } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import { findConfig, type Kind } from "../store/index.ts";

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 200;

const limitSchema = z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT);
export const instantSchema = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** The type of events in a filter. */
export const typeSchema = z.string().min(1).max(MAX_EVENT_TYPE_LENGTH).optional();

/** The cause of an issue in a filter. */
export const causeSchema = z
  .string()
  .regex(/^[a-z0-9_]{1,40}$/, "is not a cause: a word such as timeout or status_500");

export interface PageQuery {
  readonly limit: number;
  /** The key of the last row of the previous page. */
  readonly before: string | null;
}

/** The list and its filters, for which a cursor is valid. */
function cursorScope(c: Context<ApiEnv>): string {
  const filters = Object.entries(c.req.query()).filter(([name]) => name !== "limit" && name !== "cursor");
  return `${c.req.path}?${new URLSearchParams(filters.sort(([a], [b]) => (a < b ? -1 : 1))).toString()}`;
}

/** @throws Problem for a cursor of another list, or of the same list with other filters */
export function pageQuery(c: Context<ApiEnv>): PageQuery {
  const cursor = c.req.query("cursor");
  const limit = parse(limitSchema, c.req.query("limit"), "/query/limit");
  if (cursor === undefined) return { limit, before: null };
  const [before = "", scope] = (decodeUtf8(fromBase64(cursor) ?? new Uint8Array()) ?? "").split("\n");
  if (scope !== cursorScope(c) || !/^[a-z]{3}_[0-9a-z_]+$/.test(before))
    throw invalid("/query/cursor", "is not a cursor of this list with these filters");
  return { limit, before };
}

export const pageAnswer = <T>(
  c: Context<ApiEnv>,
  data: readonly T[],
  next: string | null,
): { data: readonly T[]; next_cursor: string | null } => ({
  data,
  next_cursor: next === null ? null : toBase64Url(utf8(`${next}\n${cursorScope(c)}`)),
});

const flagSchema = z.enum(["true", "false"]);

/** `true` or `false` and nothing else. @param otherwise when it is not given */
export const flagQuery = (
  c: Context<ApiEnv>,
  name: "dry_run" | "prune" | "content",
  otherwise: "true" | "false" = "false",
): boolean => parse(flagSchema.default(otherwise), c.req.query(name), `/query/${name}`) === "true";

/** Milliseconds since the epoch; undefined when it is not given. */
function instantQuery(c: Context<ApiEnv>, name: "from" | "to"): number | undefined {
  const text = c.req.query(name);
  return text === undefined ? undefined : parse(instantSchema, text, `/query/${name}`);
}

/** @throws Problem for a range that begins after its end */
export function timesQuery(c: Context<ApiEnv>): { readonly from: number | undefined; readonly to: number | undefined } {
  const [from, to] = [instantQuery(c, "from"), instantQuery(c, "to")];
  if (from !== undefined && to !== undefined && from > to) throw invalid("/query/from", "must be before `to`");
  return { from, to };
}

/** The range of keys between `from` and `to`, as far as the cursor has not read it yet. */
export function keyRange(
  c: Context<ApiEnv>,
  prefix: "evt" | "dlv" | "aud",
  before: string | null,
): { from: string; to: string } {
  const { from = 0, to } = timesQuery(c);
  const end = to === undefined ? `${prefix}_~` : firstKeyAt(prefix, to);
  return { from: firstKeyAt(prefix, from), to: before !== null && before < end ? before : end };
}

/** The id of the record that a query parameter names. @throws Problem for a slug that does not exist, and for what no record's id can be */
export async function idQuery(
  c: Context<ApiEnv>,
  deps: ApiDeps,
  name: "source" | "destination" | "connection",
  kind: Kind,
): Promise<string | undefined> {
  const given = c.req.query(name);
  if (given === undefined) return undefined;
  const found = await findConfig(deps.db, kind, given);
  // A deleted record's history can still be read by its id.
  if (found === null && !isConfigId(kind, given)) throw noneNamed(`/query/${name}`, kind, given);
  return found?.id ?? given;
}

const IN_A_FILTER = /^(\/connections\/\d+)?\/filter\//;

/** @param read throws when the text is not JSON */
export async function jsonBody(c: Context<ApiEnv>, read: (text: string) => unknown = JSON.parse): Promise<unknown> {
  const text = await c.req.text();
  if (text === "") return {};
  let faults: string[];
  let value: unknown;
  try {
    value = read(text);
    faults = inexactNumbers(text).filter((pointer) => IN_A_FILTER.test(pointer));
  } catch {
    throw new Problem("malformed_json");
  }
  if (faults.length > 0) refuseFaults(faults.map((pointer) => ({ pointer, detail: INEXACT })));
  return value;
}

/** The filter would compare with a rounded number. */
const INEXACT =
  "cannot be represented exactly: write a whole number as a string of its digits, any other number with fewer digits";
