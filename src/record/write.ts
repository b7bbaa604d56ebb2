// Records the outcome of a batch: first its payload, then one D1 transaction that refuses events already on record. Those are dropped, and the rest
// is written. When it returns, everything is on record.
import { INLINE_PAYLOAD_SHARE, MAX_INLINE_PAYLOAD_BYTES } from "../config/record-limits.ts";
import { concatBytes, type Bytes } from "../kernel/bytes.ts";
import type { Delivery } from "../model/delivery.ts";
import { eventIdOf, isDeliveryId, payloadKey } from "../model/ids.ts";
import type { Writes } from "../delivery/index.ts";
import { compose, toRow, type Packed } from "./compose.ts";
import { answerOf, toContent } from "./entry.ts";
import { soughtFor } from "./keys.ts";
import { packAnswer, packContent } from "./piece.ts";
import type { WritePorts } from "./ports.ts";

/** Draws of a key, and readings of what is known, before a batch is given up. */
const MAX_ROUNDS = 8;

/** Where the payload of a batch is stored, and the writes that name it. */
interface Stored {
  /** Null where it stays in D1. */
  readonly object: string | null;
  readonly firsts: readonly Packed[];
  readonly callbacks: readonly Packed[];
  readonly settlements: Writes["settlements"];
}

export interface Writer {
  /** Throws where D1 does not take the record. */
  readonly write: (writes: Writes) => Promise<void>;
}

export function createWriter(ports: WritePorts): Writer {
  /** The share of D1 that is in use, as of the latest transaction. */
  let used = 0;

  async function store(writes: Writes): Promise<Stored> {
    const pieces: Bytes[] = [];
    let size = 0;
    const add = (bytes: Bytes): number => {
      const offset = size;
      pieces.push(bytes);
      size += bytes.byteLength;
      return offset;
    };
    const pack = (first: Packed["first"]): Packed => {
      const bytes = packContent(toContent(first));
      return { first, bytes, offset: add(bytes) };
    };
    const firsts = writes.firsts.map(pack);
    const callbacks = writes.callbacks.map(pack);
    const object = payloadKey(ports.now(), ports.batchName());
    const named = writes.settlements.map((settlement) => ({
      ...settlement,
      delivery: nameAnswers(settlement.delivery, object, add),
    }));
    const small = size < MAX_INLINE_PAYLOAD_BYTES && used < INLINE_PAYLOAD_SHARE;
    const isStored = size > 0 && !small && (await put(object, concatBytes(pieces)));
    return isStored
      ? { object, firsts, callbacks, settlements: named }
      : { object: null, firsts, callbacks, settlements: writes.settlements };
  }

  /** False where there is no R2, or none that takes it now. */
  async function put(key: string, bytes: Bytes): Promise<boolean> {
    if (ports.payloads === null) return false;
    try {
      await ports.payloads.put(key, bytes);
      return true;
    } catch (error) {
      ports.report("payload kept in D1", error);
      return false;
    }
  }

  async function commit(writes: Writes, { object, firsts, callbacks, settlements }: Stored): Promise<void> {
    let left = firsts;
    let open = callbacks;
    let rest: Writes = { ...writes, settlements };
    for (let round = 0; round < MAX_ROUNDS && !isEmpty(rest); round++) {
      const outcome = await ports.tables.commit({
        ...compose(left, object, ports.random),
        callbacks: open.map((one) => toRow(one, object)),
        writes: rest,
      });
      if (outcome.kind === "recorded") {
        used = outcome.size / ports.limitBytes;
        return;
      }
      if (outcome.kind === "taken") continue;
      const known = await ports.tables.known(left.map(({ first }) => soughtFor(first.event.id)));
      if (known.size === 0) throw new Error("D1 refuses a record though none of its events is on record");
      const isKnown = (id: string | undefined): boolean => id !== undefined && known.has(eventOf(id));
      left = left.filter(({ first }) => !known.has(first.event.id));
      // Whoever recorded an event has recorded its callbacks and its interruptions.
      open = open.filter(({ first }) => !isKnown(first.event.options?.callback_of));
      rest = {
        ...rest,
        firsts: left.map(({ first }) => first),
        callbacks: open.map(({ first }) => first),
        interrupted: rest.interrupted.filter(({ id }) => !isKnown(id)),
      };
    }
    if (!isEmpty(rest)) throw new Error("the record is refused again and again");
  }

  return {
    write: async (writes) => {
      if (!isEmpty(writes)) await commit(writes, await store(writes));
    },
  };
}

const isEmpty = (writes: Writes): boolean =>
  Object.values(writes).every((list: readonly unknown[]) => list.length === 0);

const eventOf = (id: string): string => (isDeliveryId(id) ? eventIdOf(id) : id);

/** @param add appends a piece to the object. @returns its offset */
function nameAnswers(delivery: Delivery, object: string, add: (bytes: Bytes) => number): Delivery {
  const attempts = delivery.attempts.map((attempt): Delivery["attempts"][number] => {
    const answer = answerOf(attempt);
    if (answer === null) return attempt;
    const bytes = packAnswer(answer);
    const { error_detail: _detail, ...rest } = attempt;
    return { ...rest, response_headers: null, response_body: null, answer: [object, add(bytes), bytes.byteLength] };
  });
  return { ...delivery, attempts };
}
