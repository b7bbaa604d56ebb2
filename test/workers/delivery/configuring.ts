// Changes to the configuration, as the API makes them.
import { env } from "cloudflare:workers";
import { destinationSpecSchema } from "../../../src/model/destination.ts";

/** What a PATCH does to the record. */
export async function changeDestination(destinationId: string, fields: object): Promise<void> {
  const row = await env.DB.prepare("SELECT spec FROM destinations WHERE id = ?")
    .bind(destinationId)
    .first<{ spec: string }>();
  const spec = destinationSpecSchema.parse({ ...(JSON.parse(row?.spec ?? "{}") as object), ...fields });
  await env.DB.batch([
    env.DB.prepare("UPDATE destinations SET spec = ? WHERE id = ?").bind(JSON.stringify(spec), destinationId),
    env.DB.prepare("UPDATE sources SET version = version + 1"),
  ]);
}
