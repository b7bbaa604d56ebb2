// Reads what is on record, in rows or in segments. A payload object is read once for all that is asked of it.
import { MAX_OPEN_BODIES } from "../config/limits.ts";
import { MAX_SAMPLED_OBJECTS } from "../config/record-limits.ts";
import { runPool } from "../kernel/pool.ts";
import { capture, err, ok, type Result } from "../kernel/result.ts";
import type { Bytes } from "../kernel/bytes.ts";
import type { Attempt, Delivery } from "../model/delivery.ts";
import type { EventId } from "../model/ids.ts";
import { withFirstAttempts } from "./entry.ts";
import { soughtFor } from "./keys.ts";
import { createLists, type Lists } from "./lists.ts";
import { unpackAnswer, unpackContent } from "./piece.ts";
import type { ReadPorts } from "./ports.ts";
import { firstWithin, readEach } from "./search.ts";
import type { Content, ContentPlace, EventRecord, NoContent, PiecePlace, Unreadable } from "./types.ts";

export interface Reader extends Lists {
  /** Null for an event that is not on record. */
  readonly event: (id: EventId) => Promise<Result<EventRecord | null, Unreadable>>;
  /** One of the event's deliveries with all its attempts and their answers. What is gone for good is left out. */
  readonly whole: (record: EventRecord, delivery: Delivery) => Promise<Result<Delivery, "unavailable">>;
  /**
   * Deliveries of a list, with the attempts that are in their events' payloads, as far as these are in few objects and can be read.
   * Without the answers to later ones.
   */
  readonly attempted: (deliveries: readonly Delivery[]) => Promise<readonly Delivery[]>;
  /** The content at each place, under the same key. Never throws. */
  readonly contents: <K>(places: ReadonlyMap<K, ContentPlace>) => Promise<ReadonlyMap<K, Result<Content, NoContent>>>;
}

export function createReader({ tables, payloads, report, unreadable }: ReadPorts): Reader {
  const event: Reader["event"] = (id) => tables.find(soughtFor(id));

  const contents: Reader["contents"] = async (places) => {
    type K = typeof places extends ReadonlyMap<infer Key, unknown> ? Key : never;
    const found = new Map<K, Result<Content, NoContent>>();
    const pieces = new Map<K, PiecePlace>();
    for (const [key, place] of places)
      if (place.kind === "columns") found.set(key, ok(place.content));
      else pieces.set(key, place);
    for (const [key, piece] of await readPieces(pieces))
      found.set(key, piece.ok ? read(piece.value, unpackContent) : piece);
    return found;
  };

  /** Pieces of one object are read together, with what lies between them. */
  async function readPieces<K>(places: ReadonlyMap<K, PiecePlace>): Promise<Map<K, Result<Bytes, NoContent>>> {
    const out = new Map<K, Result<Bytes, NoContent>>();
    const byObject = new Map<string, [K, { readonly offset: number; readonly length: number }][]>();
    for (const [key, place] of places) {
      if (place.kind === "piece") out.set(key, ok(place.bytes));
      else byObject.set(place.key, [...(byObject.get(place.key) ?? []), [key, place]]);
    }
    await runPool([...byObject], MAX_OPEN_BODIES, async ([object, wanted]) => {
      const from = Math.min(...wanted.map(([, { offset }]) => offset));
      const to = Math.max(...wanted.map(([, { offset, length }]) => offset + length));
      const bytes = await readObject(object, from, to - from);
      for (const [key, { offset, length }] of wanted)
        out.set(key, bytes.ok ? ok(bytes.value.slice(offset - from, offset - from + length)) : bytes);
    });
    return out;
  }

  async function readObject(key: string, offset: number, length: number): Promise<Result<Bytes, NoContent>> {
    if (payloads === null) return err("unavailable");
    try {
      const bytes = await payloads.read(key, offset, length);
      return bytes === null ? err("missing") : ok(bytes);
    } catch (error) {
      report("payload unreadable", error);
      return err("unavailable");
    }
  }

  function read<T>(piece: Bytes, unpack: (piece: Bytes) => T): Result<T, NoContent> {
    const content = capture(() => unpack(piece));
    if (content.ok) return content;
    report("payload damaged", content.error);
    return err("unreadable");
  }

  /** Null while R2 cannot be read. */
  async function withOwnAnswers(delivery: Delivery): Promise<Delivery | null> {
    const named = delivery.attempts.flatMap(({ number, answer }): [number, PiecePlace][] =>
      answer === undefined ? [] : [[number, { kind: "r2", key: answer[0], offset: answer[1], length: answer[2] }]],
    );
    if (named.length === 0) return delivery;
    const pieces = await readPieces(new Map(named));
    if ([...pieces.values()].some(isAway)) return null;
    const attempts = delivery.attempts.map(({ answer: _answer, ...attempt }): Attempt => {
      const piece = pieces.get(attempt.number);
      const answer = piece?.ok === true ? read(piece.value, unpackAnswer) : undefined;
      return answer?.ok === true ? { ...attempt, ...answer.value } : attempt;
    });
    return { ...delivery, attempts };
  }

  const attempted: Reader["attempted"] = async (deliveries) => {
    const lacking = deliveries.filter(
      ({ attempts_made, attempts: [first] }) => attempts_made > 0 && first?.number !== 1,
    );
    if (lacking.length === 0) return deliveries;
    const places = await tables.places([...new Set(lacking.map(({ event_id }) => event_id))]);
    const placed = lacking.flatMap((delivery) => {
      const place = places.get(delivery.event_id);
      return place === undefined ? [] : [{ delivery, place }];
    });
    const read = await readEach(firstWithin(placed, MAX_SAMPLED_OBJECTS), contents, ({ delivery }, content) =>
      content.ok ? withFirstAttempts(delivery, content.value) : delivery,
    );
    const byId = new Map(read.map((delivery) => [delivery.id, delivery]));
    return deliveries.map((delivery) => byId.get(delivery.id) ?? delivery);
  };

  return {
    event,
    attempted,
    contents,
    ...createLists({ tables, unreadable }, contents),
    whole: async ({ event: { id }, place }, delivery) => {
      const own = await withOwnAnswers(delivery);
      const content = (await contents(new Map([[id, place]]))).get(id);
      if (own === null || content === undefined || isAway(content)) return err("unavailable");
      return ok(content.ok ? withFirstAttempts(own, content.value) : own);
    },
  };
}

const isAway = (result: Result<unknown, NoContent>): boolean => !result.ok && result.error === "unavailable";
