// Which secrets of a document are already stored: those that it marks so, and those with the same value.
import { constantTimeEqual, utf8 } from "../../kernel/bytes.ts";
import { SECRET_PLACES, type StoredSecret } from "../../model/secret.ts";
import { configPlace, type SecretPlace, type Vault } from "../../signing/index.ts";
import type { FieldError } from "../../model/problem.ts";
import { isObject, type JsonObject } from "../../kernel/json-object.ts";
import { GIVE_AGAIN, movesOrigin } from "../moved-secrets.ts";
import { KeptSecret } from "../secrets.ts";
import { isWriteOnly } from "./items.ts";
import type { Kind } from "../../store/index.ts";

const NOTHING_KEPT = 'has no stored value to keep: give the secret itself or {"secret": "NAME"}';

/**
 * The input with `KeptSecret` in these places. In a list, each mark keeps the next sealed secret that is stored there. A part of another
 * type than the stored one keeps nothing, nor do credentials whose destination moves to another origin.
 * @param record the id of the record
 * @param stored the record's spec as it stands; null for a new one
 */
export async function withKept(
  kind: Kind,
  record: string,
  input: JsonObject,
  stored: JsonObject | null,
  vault: Vault,
): Promise<{ readonly input: JsonObject; readonly faults: readonly FieldError[] }> {
  const out: JsonObject = { ...input };
  const faults: FieldError[] = [];
  for (const [part, fields] of Object.entries(SECRET_PLACES[kind])) {
    const given = input[part];
    if (!isObject(given)) continue;
    const before = stored?.[part];
    const isMoved = part === "auth" && stored !== null && movesOrigin(stored, input);
    const former: JsonObject = isObject(before) && before["type"] === given["type"] ? before : {};
    const kept: JsonObject = { ...given };
    for (const field of fields as readonly string[]) {
      const had = asList(former[field]);
      const value = given[field];
      // Sluice makes signing secrets only once: the stored ones are kept when none are given.
      if (value === undefined && part === "signing" && had.length > 0)
        kept[field] = had.map((one) => new KeptSecret(one));
      if (value === undefined) continue;
      const sealed = had.filter((secret) => "sealed" in secret);
      let marks = 0;
      const keep = async (item: unknown, pointer: string): Promise<unknown> => {
        if (typeof item === "string")
          return (await sameAs(item, sealed, configPlace(record, `${part}/${field}`), vault)) ?? item;
        if (!isWriteOnly(item)) return item;
        const secret = sealed[marks++];
        if (secret !== undefined && !isMoved) return new KeptSecret(secret);
        faults.push({ pointer, detail: secret === undefined ? NOTHING_KEPT : GIVE_AGAIN });
        return item;
      };
      const pointer = `/${part}/${field}`;
      kept[field] = Array.isArray(value)
        ? await Promise.all(value.map((item, index) => keep(item, `${pointer}/${index}`)))
        : await keep(value, pointer);
    }
    out[part] = kept;
  }
  return { input: out, faults };
}

const asList = (secret: unknown): StoredSecret[] =>
  secret === undefined ? [] : Array.isArray(secret) ? secret : [secret as StoredSecret];

/**
 * The stored secret with this value: applying the same document twice changes nothing the second time. It lets a caller who may change
 * the configuration test a guess, which is accepted: the caller can also replace the secret.
 */
async function sameAs(
  value: string,
  sealed: readonly StoredSecret[],
  place: SecretPlace,
  vault: Vault,
): Promise<KeptSecret | null> {
  for (const secret of sealed) {
    const opened = await vault.open(secret, place);
    if (opened.ok && constantTimeEqual(utf8(opened.value), utf8(value))) return new KeptSecret(secret);
  }
  return null;
}
