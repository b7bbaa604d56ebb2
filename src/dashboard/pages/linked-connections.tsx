// The connections of one source, or to one destination, on its page.
import { Badge } from "../components/badge.tsx";
import { Table } from "../components/table.tsx";
import type { ConnectionShape, List } from "../shapes.ts";

interface Props {
  readonly of: List<ConnectionShape>;
  /** What the page is about. */
  readonly end: "source" | "destination";
  readonly record: { readonly id: string; readonly slug: string };
}

export const LinkedConnections = ({ of: { data, next_cursor }, end, record }: Props) => (
  <section class="card">
    <h2>Connections</h2>
    {data.length === 0 ? (
      <p>
        {end === "source" ? "This source has no connection yet. " : "No connection leads here yet. "}
        <a href={`/connections/new?${end}=${record.id}`}>
          {end === "source" ? "Connect it to a destination" : "Connect a source"}
        </a>
        .
      </p>
    ) : (
      <Table
        label={end === "source" ? "Connections of this source" : "Connections to this destination"}
        head={["Connection", end === "source" ? "Destination" : "Source", "State"]}
        rows={data.map((connection) => ({
          id: connection.id,
          cells: [
            <a href={`/connections/${connection.id}`}>{connection.name}</a>,
            end === "source" ? (
              <a href={`/destinations/${connection.destination}`}>
                {connection.destination_slug ?? connection.destination}
              </a>
            ) : (
              <a href={`/sources/${connection.source}`}>{connection.source_slug ?? connection.source}</a>
            ),
            <Badge status={!connection.enabled ? "disabled" : connection.paused ? "paused" : "active"} />,
          ],
        }))}
      />
    )}
    {next_cursor !== null && (
      <a href={`/connections?${end}=${record.slug}`}>
        {end === "source" ? "All connections of this source" : "All connections to this destination"}
      </a>
    )}
  </section>
);
