// The size of the database, and what is done about it as it fills up.
import type { Queues } from "../shapes.ts";
import { bytes } from "../components/number.ts";
import { Time } from "../components/time.tsx";

const WORDS: Readonly<Record<Queues["database"]["level"], string>> = {
  ok: "",
  high: " It is filling up.",
  shedding: " It is nearly full: what has ended is removed before its time, the oldest first.",
  full: " It is full of deliveries that wait: sources answer 429, and new events wait in their queue.",
};

export const Database = ({ database }: Pick<Queues, "database">) => (
  <>
    {bytes(database.size_bytes)} of {bytes(database.max_bytes)}.
    {database.level === "ok" ? null : <strong>{WORDS[database.level]}</strong>}
    {database.shed_before === null ? null : (
      <>
        {" "}
        What has ended and was accepted before <Time at={database.shed_before} /> may have been removed before its time.
      </>
    )}
  </>
);
