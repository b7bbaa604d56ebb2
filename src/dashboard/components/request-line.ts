// An event's request in one line.
import type { EventShape } from "../shapes.ts";

export const requestLine = (event: Pick<EventShape, "method" | "path" | "query">): string =>
  `${event.method} ${event.path === "" ? "/" : event.path}${event.query}`;
