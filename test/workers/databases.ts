// All databases of the record: one, or three in the project `workers-three`.
import { env } from "cloudflare:workers";
import { databasesOf } from "../../src/worker/databases.ts";

export const databases = databasesOf(env);

/** The rows of all of them, one database after the other. */
export const everywhere = async <T>(sql: string, ...bound: readonly (string | number)[]): Promise<T[]> =>
  (
    await Promise.all(
      databases.map((db) =>
        db
          .prepare(sql)
          .bind(...bound)
          .all<T>(),
      ),
    )
  ).flatMap(({ results }) => results);
