// The plan of a document: its records as drafts, the records it deletes, and the list of changes. Writes nothing.
import { runPool } from "../../kernel/pool.ts";
import { invalid, Problem, type FieldError } from "../../model/problem.ts";
import { everyField, differences, type FieldChange } from "./differences.ts";
import { faultsAt, refuseDocument, type ConfigDocument } from "./document.ts";
import { makeDraft, type Draft, type DraftPorts } from "./draft.ts";
import { writtenItem } from "./items.ts";
import { KIND_NAMES } from "../specs.ts";
import type { Stored, StoredConfig } from "./stored.ts";
import { CONFIG_KINDS, type Kind } from "../../store/index.ts";

/** How many host names are looked up at a time: the platform makes a seventh request wait. */
const WIDTH = 6;

export type Action = "create" | "update" | "delete" | "unchanged";

interface Change {
  readonly action: Action;
  readonly kind: (typeof KIND_NAMES)[Kind];
  readonly slug: string;
  readonly fields: readonly FieldChange[];
}

export interface Plan {
  readonly drafts: readonly Draft[];
  readonly deleted: readonly Stored[];
  readonly changes: readonly Change[];
}

/** @throws Problem that names every fault of the document @param prune deletes records that a list of the document does not name */
export async function makePlan(
  document: ConfigDocument,
  config: StoredConfig,
  prune: boolean,
  ports: DraftPorts,
): Promise<Plan> {
  const items = CONFIG_KINDS.flatMap((kind) => (document[kind] ?? []).map((item, index) => ({ kind, item, index })));
  const drafts: Draft[] = [];
  const faults: FieldError[] = [];
  await runPool(items, WIDTH, async ({ kind, item, index }) => {
    try {
      drafts.push(await makeDraft(kind, item, config[kind].get(item.slug) ?? null, ports));
    } catch (error) {
      if (!(error instanceof Problem) || error.errors.length === 0) throw error;
      faults.push(...faultsAt(kind, index, error.errors));
    }
  });
  const gone = (kind: Kind): Stored[] =>
    prune && document[kind] !== undefined ? missing(config[kind], new Set(document[kind].map(({ slug }) => slug))) : [];
  const ends = [...gone("sources"), ...gone("destinations")];
  faults.push(...danglingEnds(document, config, ends));
  refuseDocument(order(faults, items));
  const deleted = [...ends, ...goneConnections(config, ends, gone("connections"), drafts)];
  const changes = [...drafts.map(ofDraft), ...deleted.map(ofDeleted)];
  return { drafts, deleted, changes: changes.sort(byPlace) };
}

const missing = (stored: ReadonlyMap<string, Stored>, named: ReadonlySet<string>): Stored[] =>
  [...stored].filter(([slug]) => !named.has(slug)).map(([, record]) => record);

/** Connections that are deleted: those not named, those of a deleted source or destination, and those replaced by one between others. */
function goneConnections(
  config: StoredConfig,
  ends: readonly Stored[],
  unnamed: readonly Stored[],
  drafts: readonly Draft[],
): Stored[] {
  const ids = new Set(ends.map(({ id }) => id));
  const moved = new Set(
    drafts.filter((draft) => draft.kind === "connections" && draft.stored === null).map(({ slug }) => slug),
  );
  return [...config.connections].flatMap(([slug, record]) =>
    moved.has(slug) ||
    unnamed.includes(record) ||
    ids.has(record.ends?.sourceId ?? "") ||
    ids.has(record.ends?.destinationId ?? "")
      ? [record]
      : [],
  );
}

/** Connections whose source or destination will not exist. */
function danglingEnds(document: ConfigDocument, config: StoredConfig, ends: readonly Stored[]): FieldError[] {
  const known = (kind: "sources" | "destinations"): Set<string> => {
    const going = new Set(ends.filter((record) => record.kind === kind).map(({ spec }) => spec.slug));
    const staying = [...config[kind].keys()].filter((slug) => !going.has(slug));
    return new Set([...staying, ...(document[kind] ?? []).map(({ slug }) => slug)]);
  };
  const sides = [["source", known("sources")] as const, ["destination", known("destinations")] as const];
  return (document.connections ?? []).flatMap((connection, index) =>
    sides
      .filter(([side, slugs]) => !slugs.has(connection[side]))
      .flatMap(([side]) =>
        faultsAt("connections", index, invalid(`/${side}`, "names a record that will not exist").errors),
      ),
  );
}

function ofDraft({ kind, slug, stored, item, changed }: Draft): Change {
  const fields =
    stored === null ? everyField(writtenItem(kind, item), "to") : changed ? differences(kind, stored.item, item) : [];
  return {
    action: stored === null ? "create" : changed ? "update" : "unchanged",
    kind: KIND_NAMES[kind],
    slug,
    fields,
  };
}

const ofDeleted = ({ kind, spec, item }: Stored): Change => ({
  action: "delete",
  kind: KIND_NAMES[kind],
  slug: spec.slug,
  fields: everyField(writtenItem(kind, item), "from"),
});

const KIND_ORDER = Object.values(KIND_NAMES);
const ACTION_ORDER: readonly Action[] = ["delete", "create", "update", "unchanged"];

/** By kind and slug; for one slug, deletions first. */
const byPlace = (a: Change, b: Change): number =>
  KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind) ||
  (a.slug < b.slug ? -1 : a.slug > b.slug ? 1 : ACTION_ORDER.indexOf(a.action) - ACTION_ORDER.indexOf(b.action));

/** In the order of the document: the drafts end in any order. */
function order(
  faults: readonly FieldError[],
  items: readonly { readonly kind: Kind; readonly index: number }[],
): FieldError[] {
  const places = new Map(items.map(({ kind, index }, place) => [`/${kind}/${index}`, place]));
  const placeOf = ({ pointer }: FieldError): number => places.get(pointer.split("/").slice(0, 3).join("/")) ?? 0;
  return [...faults].sort((a, b) => placeOf(a) - placeOf(b));
}
