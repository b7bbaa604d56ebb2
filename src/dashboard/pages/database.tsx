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

/** @param aside records that could not be read, or written to the database */
export const Database = ({ database, set_aside: aside }: Pick<Queues, "database" | "set_aside">) => (
  <>
    {bytes(database.size_bytes)} of {bytes(database.max_bytes)}.
    {database.level === "ok" ? null : <strong>{WORDS[database.level]}</strong>}
    {database.shed_before === null ? null : (
      <>
        {" "}
        What has ended and was accepted before <Time at={database.shed_before} /> may have been removed before its time.
      </>
    )}
    {aside === null || aside.objects.length === 0 ? null : (
      <strong>
        {" "}
        {aside.more ? "More than " : ""}
        {aside.objects.length} objects in R2 have events that could not be recorded:{" "}
        <code>{aside.objects[0]?.key}</code>
        {aside.objects.length > 1 ? " …" : ""}
      </strong>
    )}
  </>
);
