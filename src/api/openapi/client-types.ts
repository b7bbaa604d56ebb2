// Types of what a client sends and gets, by operation, from the contract. Types only.
import type { ContractChapter } from "./index.ts";
import type { Schema, TypeOf } from "./schema.ts";

type Merged<U> = (U extends unknown ? (given: U) => void : never) extends (given: infer I) => void ? I : never;
type Schemas = Merged<ReturnType<ContractChapter["schemas"]>>;
type Operations = Merged<ContractChapter["operations"]>;

/** `METHOD /path`, below `/api/v1`. */
export type OperationKey = keyof Operations;
/** The type of a schema of the contract. */
export type Named<N extends keyof Schemas> = TypeOf<Schemas[N]>;

export interface Page<T> {
  readonly data: readonly T[];
  readonly next_cursor: string | null;
}

type NamedOr<N, Else> = N extends keyof Schemas ? Named<N> : Else;
type Success<O> = O extends { readonly answer: readonly [number, infer N] } ? NamedOr<N, never> : never;
type Plan<O> = O extends { readonly plan: readonly [number, infer N] } ? NamedOr<N, never> : never;

/** The JSON that an operation answers; never when it answers none. */
export type AnswerOf<K extends OperationKey> = Operations[K] extends { readonly list: true }
  ? K extends `GET ${string}`
    ? Page<Success<Operations[K]>>
    : { readonly data: readonly Success<Operations[K]>[] }
  : Success<Operations[K]> | Plan<Operations[K]>;

type QueryFields<Q> = { readonly [N in keyof Q]?: Q[N] extends { readonly schema: Schema<infer T> } ? T : never };

/** The query parameters of an operation. */
export type QueryOf<K extends OperationKey> = (Operations[K] extends { readonly query: infer Q }
  ? QueryFields<Q>
  : unknown) &
  (Operations[K] extends { readonly list: true }
    ? K extends `GET ${string}`
      ? { readonly limit?: number; readonly cursor?: string }
      : unknown
    : unknown);

/** The body that an operation takes. */
export type BodyOf<K extends OperationKey> = Operations[K] extends { readonly body: infer N }
  ? NamedOr<N, never>
  : never;

/** Everything that a call of an operation takes. */
export type CallOf<K extends OperationKey> = {
  readonly query?: QueryOf<K>;
  readonly headers?: Readonly<Record<string, string>>;
} & (K extends `${string}{id}${string}` ? { readonly id: string } : { readonly id?: never }) &
  (Operations[K] extends { readonly body: string }
    ? Operations[K] extends { readonly bodyRequired: false }
      ? { readonly body?: BodyOf<K> }
      : { readonly body: BodyOf<K> }
    : { readonly body?: never });
