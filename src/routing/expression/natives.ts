// All functions that an expression has without defining them. JSONata's others cannot be bounded and are not there: see `parse.ts`.
import { LIST_FUNCTIONS } from "./list-functions.ts";
import { NUMBER_FUNCTIONS } from "./number-functions.ts";
import { TEXT_FUNCTIONS } from "./text-functions.ts";
import type { Native } from "./values.ts";

export const NATIVES: ReadonlyMap<string, Native> = new Map(
  [...TEXT_FUNCTIONS, ...LIST_FUNCTIONS, ...NUMBER_FUNCTIONS].map((native) => [native.name, native]),
);
