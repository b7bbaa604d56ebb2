// The fields of a bulk replay on their way from form to plan to start, in URLs and hidden inputs.
import { inUtc } from "../components/times.tsx";

/** Field names of the form, of its pages' URLs, and of the API. */
export const FIELDS = [
  "status",
  "source",
  "destination",
  "connection",
  "event",
  "type",
  "cause",
  "from",
  "to",
  "rate_per_second",
] as const;
/** Stands for no status in the API. */
export const BOTH = "any";

export type Values = Readonly<Partial<Record<(typeof FIELDS)[number], string>>>;

/** URL of a replay's plan. A null status means dead and delivered. */
export function planHref(values: Readonly<Partial<Record<(typeof FIELDS)[number], string | number | null>>>): string {
  const query = new URLSearchParams({ status: BOTH });
  for (const name of FIELDS) {
    const value = values[name] ?? "";
    if (value !== "") query.set(name, String(value));
  }
  return `/replays/plan?${query.toString()}`;
}

/** Defaults to dead letters: of everything that can be replayed, these were not received. */
export function readValues(given: (name: string) => string | undefined): Values {
  const read = FIELDS.map((name) => {
    const text = given(name)?.trim();
    return [name, name === "from" || name === "to" ? inUtc(text) : text] as const;
  });
  return { status: "dead", ...Object.fromEntries(read.filter(([, text]) => text)) };
}

/** An invalid rate stays text, so that the API can report it. */
export function requestBody({ status, rate_per_second: rate, ...filter }: Values): Readonly<Record<string, unknown>> {
  return {
    ...filter,
    ...(status === BOTH ? {} : { status }),
    ...(rate === undefined ? {} : { rate_per_second: /^\d+(\.\d+)?$/.test(rate) ? Number(rate) : rate }),
  };
}
