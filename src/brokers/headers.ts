// The outbound headers in the forms that brokers take. Pure.
import { utf8 } from "../kernel/bytes.ts";
import type { HeaderList } from "../model/event.ts";

/** By name as received; a repeated one as a list. */
export function headerTable(headers: HeaderList): Record<string, string | string[]> {
  const out = Object.create(null) as Record<string, string | string[]>;
  const names = new Map<string, string>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const key = names.get(lower) ?? name;
    names.set(lower, key);
    const former = out[key];
    out[key] = former === undefined ? value : [...(typeof former === "string" ? [former] : former), value];
  }
  return { ...out };
}

/** What fits into a short string of AMQP (255 bytes); null for anything else. */
export const shortValue = (value: string | null): string | null =>
  value !== null && value !== "" && utf8(value).byteLength <= 255 ? value : null;
