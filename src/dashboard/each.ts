// Makes the same call for each item of a selection.
import type { Answer } from "./api-client.ts";

/** Concurrent calls. */
const AT_ONCE = 8;

/** @returns the responses, in order */
export async function each<T>(
  ids: readonly string[],
  call: (id: string) => Promise<Answer<T>>,
): Promise<readonly Answer<T>[]> {
  const answers: Answer<T>[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE)
    answers.push(...(await Promise.all(ids.slice(from, from + AT_ONCE).map(call))));
  return answers;
}
