// The ports through which the API matches an event with the connections of now.
import type { MatchPorts } from "../delivery/index.ts";
import { readRoutes } from "../store/index.ts";
import type { ApiDeps } from "./deps.ts";

export const matchPorts = ({ db, bodies, log }: Pick<ApiDeps, "db" | "bodies" | "log">): MatchPorts => ({
  log,
  presentRoutes: (sources) => readRoutes(db, sources),
  readBody: async (key) => (await (await bodies.get(key))?.bytes()) ?? null,
});
