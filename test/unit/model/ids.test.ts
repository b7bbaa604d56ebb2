import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { base32ToTime, timeToBase32, toBase32 } from "../../../src/kernel/base32.ts";
import {
  makeDeliveryId,
  eventIdOf,
  eventTime,
  firstKeyAt,
  isDeliveryId,
  newConnectionId,
  newReplayId,
  replayDeliveryId,
  seededReplayId,
} from "../../../src/model/ids.ts";
import { eventIds } from "../../../src/signing/event-ids.ts";

const now = Date.UTC(2026, 10, 24);

describe("ids", () => {
  it("sort by time", () => {
    fc.assert(
      fc.property(fc.nat(4e12), fc.nat(4e12), (a, b) => {
        expect(Math.sign(a - b)).toBe(
          timeToBase32(a) < timeToBase32(b) ? -1 : timeToBase32(a) === timeToBase32(b) ? 0 : 1,
        );
        expect(base32ToTime(timeToBase32(a))).toBe(a);
      }),
    );
  });

  it("keep the order of the bytes that they encode", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 7, maxLength: 7 }),
        fc.uint8Array({ minLength: 7, maxLength: 7 }),
        (a, b) => {
          const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
          const [x, y] = [toBase32(a), toBase32(b)];
          expect(x < y ? -1 : x > y ? 1 : 0).toBe(order);
        },
      ),
    );
  });

  it("of events prove that this deployment issued them", async () => {
    const ids = eventIds("secret");
    const id = await ids.mint(now);
    expect(id).toMatch(/^evt_[0-9a-z]{32}$/);
    expect(eventTime(id)).toBe(now);
    expect(await ids.proves(id)).toBe(true);
    const other = id.slice(0, -1) + (id.endsWith("0") ? "1" : "0");
    expect(await ids.proves(other)).toBe(false);
    expect(await eventIds("another").proves(id)).toBe(false);
    expect(await ids.proves("evt_nonsense")).toBe(false);
  });

  it("of deliveries are derived from event and connection, and give the event back [G3]", async () => {
    const event = await eventIds("secret").mint(now);
    const connection = newConnectionId(now);
    const id = makeDeliveryId(event, connection);
    expect(id).toBe(makeDeliveryId(event, connection));
    expect(isDeliveryId(id)).toBe(true);
    expect(eventIdOf(id)).toBe(event);
    expect(makeDeliveryId(event, newConnectionId(now))).not.toBe(id);
    expect(id > firstKeyAt("dlv", now) && id < firstKeyAt("dlv", now + 1)).toBe(true);
  });

  it("of a replay's delivery are the same for the same run, event and connection only", async () => {
    const event = await eventIds("secret").mint(now);
    const [run, way] = [newReplayId(now), newConnectionId(now)];
    const id = await replayDeliveryId(run, event, way);
    expect(isDeliveryId(id)).toBe(true);
    expect(eventIdOf(id)).toBe(event);
    expect(await replayDeliveryId(run, event, way)).toBe(id);
    expect(await replayDeliveryId(newReplayId(now), event, way)).not.toBe(id);
    expect(await replayDeliveryId(run, event, newConnectionId(now))).not.toBe(id);
    expect(await seededReplayId(now, "seed")).toBe(await seededReplayId(now, "seed"));
    expect(await seededReplayId(now, "seed")).toHaveLength(newReplayId(now).length);
  });
});
