// The same call for each of a selection.
import type { Answer } from "./api-client.ts";

/** Calls under way at a time. */
const AT_ONCE = 8;

/** @returns the answers, in order */
export async function each<T>(
  ids: readonly string[],
  call: (id: string) => Promise<Answer<T>>,
): Promise<readonly Answer<T>[]> {
  const answers: Answer<T>[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE)
    answers.push(...(await Promise.all(ids.slice(from, from + AT_ONCE).map(call))));
  return answers;
}
