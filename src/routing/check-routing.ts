// Checks a connection's filter and transform before they are stored.
import { MAX_TRANSFORM_BYTES } from "../config/limits.ts";
import { utf8 } from "../kernel/bytes.ts";
import type { ConnectionSpec } from "../model/connection.ts";
import { compileFilter, type Fault } from "./filter-compile.ts";
import { compileTransform } from "./transform.ts";

/** The faults with their pointers; empty when there are none. */
export function checkRouting({ filter, transform }: Pick<ConnectionSpec, "filter" | "transform">): Fault[] {
  const faults: Fault[] = [];
  const filtered = filter === null ? null : compileFilter(filter);
  if (filtered?.ok === false) faults.push(filtered.error);
  const transformed = transform === null ? null : compileTransform(transform, "/transform");
  if (transformed?.ok === false) faults.push(transformed.error);
  if (utf8(JSON.stringify(transform)).byteLength > MAX_TRANSFORM_BYTES)
    faults.push({ pointer: "/transform", detail: `must have at most ${MAX_TRANSFORM_BYTES} bytes` });
  return faults;
}
