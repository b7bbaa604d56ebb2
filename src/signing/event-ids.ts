// Event ids that prove their origin: the last digits are a MAC over the rest, so that a read straight after the 202 can
// tell an event that still waits in the queue from one that never was. No secret leaves this file.
import { toBase32 } from "../kernel/base32.ts";
import { constantTimeEqualText, utf8 } from "../kernel/bytes.ts";
import { isEventId, newEventDigits, proofDigits, provenDigits, type EventId } from "../model/ids.ts";

export interface EventIds {
  /** A new id. @param now milliseconds since the epoch */
  mint(now: number): Promise<EventId>;
  /** The id that always belongs to `digits` (23 of them): for what must not be recorded twice. */
  complete(digits: string): Promise<EventId>;
  proves(id: string): Promise<boolean>;
}

const PROOF_DIGITS = 9;

/**
 * @param secret any text that only this deployment knows
 * @param former secrets whose ids still prove their origin
 */
export function eventIds(secret: string, former: readonly string[] = []): EventIds {
  const keys = new Map<string, Promise<CryptoKey>>();
  const mac = async (digits: string, by = secret): Promise<string> => {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = keys.get(by) ?? crypto.subtle.importKey("raw", utf8(`event-id:${by}`), algorithm, false, ["sign"]);
    keys.set(by, key);
    return toBase32(new Uint8Array(await crypto.subtle.sign("HMAC", await key, utf8(digits)))).slice(0, PROOF_DIGITS);
  };
  const complete = async (digits: string): Promise<EventId> => `evt_${digits}${await mac(digits)}` as EventId;
  return {
    complete,
    mint: (now) => complete(newEventDigits(now)),
    proves: async (id) => {
      if (!isEventId(id)) return false;
      const macs = await Promise.all([secret, ...former].map((by) => mac(provenDigits(id), by)));
      return macs.some((proof) => constantTimeEqualText(proofDigits(id), proof));
    },
  };
}
