// All built-in functions. Those of JSONata's that cannot be bounded are missing: see `parse.ts`.
import { LIST_FUNCTIONS } from "./list-functions.ts";
import { NUMBER_FUNCTIONS } from "./number-functions.ts";
import { TEXT_FUNCTIONS } from "./text-functions.ts";
import type { Native } from "./values.ts";

export const NATIVES: ReadonlyMap<string, Native> = new Map(
  [...TEXT_FUNCTIONS, ...LIST_FUNCTIONS, ...NUMBER_FUNCTIONS].map((native) => [native.name, native]),
);
