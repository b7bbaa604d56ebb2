// A route of the stand-in: a method, a pattern whose `:names` become parameters, and what answers.
import type { State } from "./state.ts";

export interface Request {
  readonly state: State;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON body; null for none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The parts of a multipart body. */
  readonly form: () => Promise<FormData>;
  /** The body as it came. */
  readonly text: string;
  readonly origin: string;
}

/** An answer that is not JSON: the contents of an object. */
export class Contents {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Handler = (request: Request) => unknown;
export type Route = readonly [method: string, pattern: string, handler: Handler];

export interface Compiled {
  readonly method: string;
  readonly regex: RegExp;
  readonly handler: Handler;
}

export const compile = (routes: readonly Route[]): Compiled[] =>
  routes.map(([method, pattern, handler]) => ({
    method,
    handler,
    regex: new RegExp(`^${pattern.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)")}$`),
  }));

export const param = ({ params }: Request, name: string): string => decodeURIComponent(params[name] ?? "");
