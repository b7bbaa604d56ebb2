// The JSON that a call of the API answers, by method and path, from the contract. Types only.
import type { AnswerOf, OperationKey } from "../../../src/api/openapi/client-types.ts";

/** What a refusal says. */
type Problem = {
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
};
/** An answer whose type is not known: any fields, or rows of them. */
export type Json = Problem & Readonly<Record<string, unknown>> & { readonly data?: readonly Json[] };

type WithoutQuery<P extends string> = P extends `${infer Path}?${string}` ? Path : P;
/** Whether a path is one of an operation's: an id has no slash. */
type Matches<P extends string, Declared extends string> = Declared extends `${infer Before}{id}${infer After}`
  ? P extends `${Before}${infer Id}${After}`
    ? Id extends `${string}/${string}`
      ? false
      : true
    : false
  : P extends Declared
    ? true
    : false;
type Operation<M extends string, P extends string> = {
  [K in OperationKey]: K extends `${M} ${infer Declared}`
    ? Matches<WithoutQuery<P>, Declared> extends true
      ? K
      : never
    : never;
}[OperationKey];

type FieldOf<A> = A extends unknown ? keyof A & string : never;
/** An answer that has one of several forms: what another form has is absent. */
type OneOf<A, F extends string = FieldOf<A>> = A extends unknown
  ? A & { readonly [N in Exclude<F, keyof A>]?: undefined }
  : never;

/** An answer's fields, or those of a refusal. */
export type JsonOf<M extends string, P extends string> = string extends P
  ? Json
  : [Operation<M, P>] extends [never]
    ? Json
    : OneOf<AnswerOf<Operation<M, P>>> & Problem;
