// `retry`: attempts deliveries now, including dead ones.
import type { Delivery } from "../client.ts";
import { jsonText, type Command, type Context } from "../command.ts";
import { EXIT, Refusal, UsageError, type ProblemAnswer } from "../errors.ts";
import { printable, progress } from "../output.ts";

/** Ids from the arguments, or from standard input with `-`. */
export async function readIds({ io }: Context, words: readonly string[], kind: string): Promise<string[]> {
  const text =
    words.length === 1 && words[0] === "-" ? new TextDecoder().decode(await io.readInput()) : words.join(" ");
  const ids = text.split(/\s+/).filter((word) => word !== "");
  if (ids.length === 0) throw new UsageError(`${kind} ID is missing`);
  return ids;
}

export interface Tried<T> {
  readonly id: string;
  readonly result: T | null;
  readonly problem: ProblemAnswer | null;
}

/** Handles one item after the other; if one is refused, the rest continues. */
export async function tryEach<T>(
  { io, json }: Context,
  ids: readonly string[],
  label: string,
  work: (id: string) => Promise<T>,
): Promise<Tried<T>[]> {
  const bar = progress(io.err, json || ids.length < 10);
  const out: Tried<T>[] = [];
  for (const id of ids) {
    try {
      out.push({ id, result: await work(id), problem: null });
    } catch (error) {
      // A rejected token fails for every item.
      if (!(error instanceof Refusal) || error.problem.status === 401 || error.problem.status === 403) throw error;
      out.push({ id, result: null, problem: error.problem });
    }
    bar.step(label, out.length, ids.length);
  }
  bar.end();
  return out;
}

/** Prints the result of each item. @returns the exit code */
export function report<T>(
  { json, say, paint }: Context,
  tried: readonly Tried<T>[],
  word: (result: T) => string,
): number {
  if (json) say(jsonText({ data: tried.map(({ id, result, problem }) => ({ id, result, problem })) }));
  else
    for (const { id, result, problem } of tried)
      say(result === null ? `${id}  ${paint(printable(problem?.detail ?? ""), "red")}` : `${id}  ${word(result)}`);
  return tried.every(({ problem }) => problem === null) ? EXIT.ok : EXIT.failed;
}

export const retry: Command = {
  summary: "Attempt deliveries now, including dead ones; - reads the IDs from standard input",
  forms: ["ID...", "-"],
  async run(context, args) {
    const ids = await readIds(context, args.positionals, "delivery");
    const tried = await tryEach<Delivery>(context, ids, "retry", context.client.retry);
    return report(context, tried, ({ status }) => status);
  },
};
