import { env } from "cloudflare:workers";
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import type { FirstRecord } from "../../../src/delivery/index.ts";
import { recordTables } from "../../../src/store/index.ts";
import { AT, clear, counted, createRecord, first, newEventId, objects, timesOnRecord, writes } from "./harness.ts";

/** Some close together, some apart: batches make segments of several compositions. */
const IDS = [0, 1, 2, 4_000, 6_000, 600_000].map((after) => newEventId(AT + after));
const SIZES = [10, 10, 9_000];

interface Planned {
  readonly events: readonly (readonly [index: number, status: "delivered" | "dead" | "retrying"])[];
  /** Its first transaction takes effect, and the answer is lost. */
  readonly answerLost: boolean;
  readonly large: number;
}

const batch: fc.Arbitrary<Planned> = fc.record({
  events: fc.uniqueArray(
    fc.tuple(
      fc.nat(IDS.length - 1),
      fc.constantFrom("delivered" as const, "delivered" as const, "dead" as const, "retrying" as const),
    ),
    { minLength: 1, maxLength: IDS.length, selector: ([index]) => index },
  ),
  answerLost: fc.boolean(),
  large: fc.nat(SIZES.length - 1),
});

const toFirsts = ({ events, large }: Planned): FirstRecord[] =>
  events.map(([index, status]) => {
    const id = IDS[index];
    if (id === undefined) throw new Error("no such event");
    return first({ id, status, bytes: crypto.getRandomValues(new Uint8Array(SIZES[large] ?? 0)) });
  });

describe("an event is recorded exactly once [G3]", () => {
  it("whatever consumers bring it, in whatever batches, with their steps in any order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(batch, { minLength: 2, maxLength: 4 }), async (scheduler, batches) => {
        await clear();
        const tables = recordTables(env.DB, () => AT);
        const consume = async (planned: Planned): Promise<void> => {
          let lost = planned.answerLost;
          const record = createRecord({
            payloads: { ...objects, put: scheduler.scheduleFunction(objects.put) },
            tables: {
              known: scheduler.scheduleFunction(tables.known),
              commit: async (given) => {
                const outcome = await scheduler.scheduleFunction(tables.commit)(given);
                if (lost && outcome.kind === "recorded") {
                  lost = false;
                  throw new Error("the answer is lost");
                }
                return outcome;
              },
            },
          });
          const firsts = toFirsts(planned);
          // Its messages come again where their record failed.
          await record.write(writes(firsts)).catch(() => record.write(writes(firsts)));
        };
        const all = Promise.all(batches.map(consume));
        await scheduler.waitFor(all);
        const brought = new Set(batches.flatMap(({ events }) => events.map(([index]) => IDS[index])));
        expect(await timesOnRecord()).toEqual(new Map([...brought].map((id) => [id, 1])));
        expect(await counted("accepted")).toBe(brought.size);
        expect(await counted("made")).toBe(brought.size);
        const rows = await env.DB.prepare("SELECT COUNT(*) AS n FROM deliveries").first<{ n: number }>();
        const events = await env.DB.prepare("SELECT COUNT(*) AS n FROM events").first<{ n: number }>();
        expect(rows?.n).toBe(events?.n);
      }),
      { numRuns: 60 },
    );
  });
});
