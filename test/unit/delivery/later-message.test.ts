import { describe, expect, it } from "vitest";
import { SLOT_LEAD_MS } from "../../../src/config/limits.ts";
import { laterMessage } from "../../../src/delivery/outcome/later-message.ts";
import type { DeliveryId } from "../../../src/model/ids.ts";

const now = Date.UTC(2026, 10, 24);
const id = "dlv_a" as DeliveryId;

describe("the message of a waiting delivery", () => {
  it("comes at its time", () => {
    const waiting = { id, next_attempt_at: now + 60_000, deferred_by: "circuit" } as const;
    expect(laterMessage(waiting, "slow", now)).toEqual({ id, lane: "slow", delayMs: 60_000, at: now + 60_000 });
  });

  it("comes early where it waits for a slot, so that it waits for company", () => {
    const waiting = { id, next_attempt_at: now + 60_000, deferred_by: "pace" } as const;
    expect(laterMessage(waiting, "deliveries", now).delayMs).toBe(60_000 - SLOT_LEAD_MS);
    expect(laterMessage({ ...waiting, next_attempt_at: now + 500 }, "deliveries", now).delayMs).toBe(0);
  });
});
