// Event ids that prove their origin: the last digits are a MAC over the others. So a read right after the 202 can tell whether the event
// is still in the queue or never existed. No secret leaves this file.
import { toBase32 } from "../kernel/base32.ts";
import { constantTimeEqualText, utf8 } from "../kernel/bytes.ts";
import { isEventId, newEventDigits, proofDigits, provenDigits, type EventId } from "../model/ids.ts";

export interface EventIds {
  /** A new id. @param now milliseconds since the epoch */
  mint(now: number): Promise<EventId>;
  /** The same id for the same 23 digits, for an event that must not be recorded twice. */
  complete(digits: string): Promise<EventId>;
  proves(id: string): Promise<boolean>;
}

const PROOF_DIGITS = 9;

/**
 * @param secret a text that only this deployment knows
 * @param former earlier secrets, whose ids are still valid
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
