// Paths to one value of parsed JSON: names separated by dots, array indexes in brackets or as names, optionally after `$.`:
// `data.items[0].id`.

const PATH = /^(?:\$\.)?(?!\$(?:[.[]|$))[^.[\]\s]{1,128}(?:\[\d{1,4}\])*(?:\.[^.[\]\s]{1,128}(?:\[\d{1,4}\])*){0,15}$/;

export const isJsonPath = (text: string): boolean => PATH.test(text);

/** @param path for which `isJsonPath` holds */
export const jsonPathSteps = (path: string): string[] => path.replace(/^\$\./, "").match(/[^.[\]]+/g) ?? [];

/** The value at the path; undefined when there is none. Own members only: data cannot reach a prototype. */
export function valueAt(value: unknown, steps: readonly string[]): unknown {
  let here = value;
  for (const step of steps) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string, unknown>)[step];
  }
  return here;
}
