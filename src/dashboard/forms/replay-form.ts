// What a bulk replay is asked for with on its way from form to plan to start: the fields travel by name in addresses and hidden inputs.

/** Of the form, of the addresses of its pages, and of what the API is asked. */
export const FIELDS = [
  "status",
  "source",
  "destination",
  "connection",
  "event",
  "from",
  "to",
  "rate_per_second",
] as const;
/** The status that the API knows as none. */
export const BOTH = "any";

export type Values = Readonly<Partial<Record<(typeof FIELDS)[number], string>>>;

/** Where the plan of a replay is shown. A status that is null stands for dead and delivered ones. */
export function planHref(values: Readonly<Partial<Record<(typeof FIELDS)[number], string | number | null>>>): string {
  const query = new URLSearchParams({ status: BOTH });
  for (const name of FIELDS) {
    const value = values[name] ?? "";
    if (value !== "") query.set(name, String(value));
  }
  return `/replays/plan?${query.toString()}`;
}

/** Dead letters, unless it is said otherwise: of all that can be sent again they are what was not received. */
export const valuesOf = (given: (name: string) => string | undefined): Values => ({
  status: "dead",
  ...Object.fromEntries(FIELDS.map((name) => [name, given(name)?.trim()]).filter(([, value]) => value)),
});

/** What is no number goes on as it is: the API says what is wrong with it. */
export function bodyOf({ status, rate_per_second: rate, ...filter }: Values): Readonly<Record<string, unknown>> {
  return {
    ...filter,
    ...(status === BOTH ? {} : { status }),
    ...(rate === undefined ? {} : { rate_per_second: /^\d+(\.\d+)?$/.test(rate) ? Number(rate) : rate }),
  };
}
