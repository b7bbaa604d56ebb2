// Outcomes that D1 could not record, as bytes for R2: a document with a version, then the bodies one after the other. Pure.
import { MAX_READ_PENDING_BYTES } from "../config/record-limits.ts";
import { concatBytes, type Bytes } from "../kernel/bytes.ts";
import { capture, err, ok, type Result } from "../kernel/result.ts";
import { NOTHING_TO_WRITE, type FirstRecord, type Writes } from "../delivery/index.ts";
import type { Undecodable } from "./types.ts";
import { pack, unpack } from "./piece.ts";

const VERSION = 1;

/** A body that is not in R2 is the next `length` of the bytes. */
type StoredBody = { readonly kind: "inline"; readonly length: number } | { readonly kind: "r2"; readonly key: string };
type StoredFirst = Omit<FirstRecord, "event"> & {
  readonly event: Omit<FirstRecord["event"], "body"> & { readonly body: StoredBody };
};
type StoredWrites = Omit<Writes, "firsts" | "callbacks"> & {
  readonly firsts: readonly StoredFirst[];
  readonly callbacks: readonly StoredFirst[];
};

/** @param outcomes each of one event, or of one later attempt */
export function encodePending(outcomes: readonly Writes[]): Bytes {
  const bodies: Bytes[] = [];
  const store = ({ event, ...rest }: FirstRecord): StoredFirst => {
    const { body } = event;
    if (body.kind === "r2") return { ...rest, event: { ...event, body } };
    bodies.push(body.bytes);
    return { ...rest, event: { ...event, body: { kind: "inline", length: body.bytes.byteLength } } };
  };
  const stored = outcomes.map((writes): StoredWrites => ({
    ...writes,
    firsts: writes.firsts.map(store),
    callbacks: writes.callbacks.map(store),
  }));
  return pack({ v: VERSION, outcomes: stored }, concatBytes(bodies));
}

export function decodePending(bytes: Uint8Array): Result<Writes[], Undecodable> {
  const damaged = (detail: string): Result<never, Undecodable> => err({ reason: "damaged", detail });
  const unpacked = capture(() => unpack(bytes, MAX_READ_PENDING_BYTES));
  if (!unpacked.ok) return damaged("the bytes are no document with bodies");
  const { head, body } = unpacked.value;
  const { v: version, outcomes } = (head ?? {}) as { readonly v?: unknown; readonly outcomes?: unknown };
  if (typeof version !== "number") return damaged("the document has no version");
  if (version !== VERSION)
    return err({ reason: "newer", detail: `the document has version ${version}, and this release reads ${VERSION}` });
  const read = capture(() => readOutcomes(outcomes as readonly StoredWrites[], body));
  return read.ok ? ok(read.value) : damaged("the document does not have the form of its version");
}

/** Throws where the document does not have its form. */
function readOutcomes(stored: readonly StoredWrites[], bodies: Bytes): Writes[] {
  let offset = 0;
  const restore = ({ event, ...rest }: StoredFirst): FirstRecord => {
    const { body } = event;
    if (body.kind === "r2") return { ...rest, event: { ...event, body } };
    const end = offset + body.length;
    if (!(end >= offset && end <= bodies.byteLength)) throw new Error("a body ends early");
    const bytes = bodies.slice(offset, end);
    offset = end;
    return { ...rest, event: { ...event, body: { kind: "inline", bytes } } };
  };
  return stored.map((given): Writes => {
    const writes = { ...NOTHING_TO_WRITE, ...given };
    if (!Object.values(writes).every(Array.isArray)) throw new Error("not a list");
    return { ...writes, firsts: writes.firsts.map(restore), callbacks: writes.callbacks.map(restore) };
  });
}
