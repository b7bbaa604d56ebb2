// What a tool of the MCP server is.
import type * as z from "zod";
import type { Client } from "../client.ts";

export interface ToolContext {
  readonly client: Client;
  readonly now: () => number;
}

export interface Tool<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: S;
  /** It changes something: offered with `--allow-writes` only. */
  readonly writes: boolean;
  /** @returns what is shown, as JSON; it is cut to a readable size by the server */
  readonly run: (context: ToolContext, input: z.output<S>) => Promise<unknown>;
}

/** Keeps the type of the input for `run`. */
export const tool = <S extends z.ZodObject>(definition: Tool<S>): Tool => definition;
