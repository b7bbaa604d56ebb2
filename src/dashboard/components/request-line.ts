// How an event is named where there is room for one line.
import type { EventShape } from "../shapes.ts";

export const requestLine = (event: Pick<EventShape, "method" | "path" | "query">): string =>
  `${event.method} ${event.path === "" ? "/" : event.path}${event.query}`;
