// The configuration document as it is received: its lists of records, each record still unchecked.
import * as z from "zod";
import { MAX_CONFIG_RECORDS, MAX_NAMED_FAULTS } from "../../config/limits.ts";
import { slugSchema } from "../../model/names.ts";
import { refuseFaults, type FieldError } from "../../model/problem.ts";
import type { Kind } from "../../store/index.ts";

/** Raised when earlier documents can no longer be read. */
export const DOCUMENT_VERSION = 1;

/** Not a field of the record's spec. When it is not given, the record stays paused or active as it is. */
const paused = z.boolean().optional();
const itemSchemas = {
  sources: z.looseObject({ slug: slugSchema }),
  destinations: z.looseObject({ slug: slugSchema, paused }),
  connections: z.looseObject({ slug: slugSchema, source: slugSchema, destination: slugSchema, paused }),
} as const;

const list = <S extends z.ZodType>(item: S) =>
  z.array(item).max(MAX_CONFIG_RECORDS, `must have at most ${MAX_CONFIG_RECORDS} records`).optional();

/** A missing list leaves all records of its kind alone; an empty list says that there are none. */
export const documentSchema = z
  .strictObject({
    version: z.literal(DOCUMENT_VERSION).default(DOCUMENT_VERSION),
    sources: list(itemSchemas.sources),
    destinations: list(itemSchemas.destinations),
    connections: list(itemSchemas.connections),
  })
  .superRefine((document, context) => {
    for (const kind of ["sources", "destinations", "connections"] as const) {
      const seen = new Set<string>();
      for (const [index, { slug }] of (document[kind] ?? []).entries()) {
        if (seen.has(slug)) context.addIssue({ code: "custom", path: [kind, index, "slug"], message: "appears twice" });
        seen.add(slug);
      }
    }
  });
export type ConfigDocument = z.output<typeof documentSchema>;

/** Faults of one record, with pointers into the document. */
export const faultsAt = (kind: Kind, index: number, faults: readonly FieldError[]): FieldError[] =>
  faults.map(({ pointer, detail }) => ({ pointer: `/${kind}/${index}${pointer === "/" ? "" : pointer}`, detail }));

/** Throws all faults, up to the number that one answer names. */
export function refuseDocument(faults: readonly FieldError[]): void {
  if (faults.length > 0) refuseFaults(faults.slice(0, MAX_NAMED_FAULTS));
}
