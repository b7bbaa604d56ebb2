// Types of a record as an answer shows it: no secret, but which are set.
import type { StoredSecret } from "./secret.ts";

type IsSecret<V> = [NonNullable<V>] extends [never]
  ? false
  : [NonNullable<V>] extends [StoredSecret | readonly StoredSecret[]]
    ? true
    : false;
/** Of one secret: stored encrypted, or which secret of the Worker it names. */
export type Mark = "sealed" | { readonly secret: string };
type SecretsSet = Readonly<Record<string, Mark | readonly Mark[]>>;

export type Shown<T> = T extends readonly (infer I)[]
  ? readonly Shown<I>[]
  : T extends object
    ? {
        readonly [K in keyof T as IsSecret<T[K]> extends true ? never : K]: K extends "retiring"
          ? readonly { readonly expires_at: string }[]
          : Shown<T[K]>;
      } & (true extends { [K in keyof T]: IsSecret<T[K]> }[keyof T]
        ? { readonly secrets_set?: SecretsSet } & ("retiring" extends keyof T
            ? { readonly secrets?: readonly string[]; readonly secrets_withheld?: true }
            : unknown)
        : unknown)
    : T;
