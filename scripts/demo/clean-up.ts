// `npm run demo -- --clean`: removes the sources and destinations that earlier runs of the demo made. Their events expire with the others.
import { pages } from "../../cli/client.ts";
import type { PatientClient } from "./client.ts";

const isOurs = ({ slug }: { readonly slug: string }): boolean => slug.startsWith("demo-");

/** @returns how many it removed */
export async function cleanUp(client: PatientClient): Promise<number> {
  const sources: string[] = [];
  for await (const page of pages(client.sources, { limit: 200 }))
    sources.push(...page.filter(isOurs).map(({ id }) => id));
  for (const id of sources) await client.send("DELETE /sources/{id}", { id });
  const destinations: string[] = [];
  for await (const page of pages(client.destinations, { limit: 200 }))
    destinations.push(...page.filter(isOurs).map(({ id }) => id));
  for (const id of destinations) await client.send("DELETE /destinations/{id}", { id });
  return sources.length + destinations.length;
}
