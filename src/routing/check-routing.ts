// What a connection's filter must be before it is stored.
import type { ConnectionSpec } from "../model/connection.ts";
import { compileFilter, type Fault } from "./filter-compile.ts";

/** Faults with their pointers, none when all is well. */
export function checkRouting(spec: Pick<ConnectionSpec, "filter">): Fault[] {
  if (spec.filter === null) return [];
  const filter = compileFilter(spec.filter, "/filter");
  return filter.ok ? [] : [filter.error];
}
