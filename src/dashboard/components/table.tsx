// Lists as tables, which become cards on a phone: each cell then says its column itself.
import type { Child } from "hono/jsx";

export interface Row {
  /** Stays the same when the list is fetched anew. */
  readonly id: string;
  readonly cells: readonly Child[];
}

/** @param head the columns' names; an empty one needs no words on a card either @param label what the table lists, for who cannot see it */
export const Table = ({
  label,
  head,
  rows,
  numeric = [],
}: {
  label: string;
  head: readonly string[];
  rows: readonly Row[];
  /** Columns that hold numbers. */
  numeric?: readonly number[];
}) => (
  <table class="cards" role="table" aria-label={label}>
    <thead role="rowgroup">
      <tr role="row">
        {head.map((name, index) => (
          <th role="columnheader" scope="col" class={numeric.includes(index) ? "number" : undefined}>
            {name === "" ? <span class="visually-hidden">Actions</span> : name}
          </th>
        ))}
      </tr>
    </thead>
    <tbody role="rowgroup">
      {rows.map((row) => (
        <tr role="row" id={row.id} data-row>
          {row.cells.map((cell, index) => (
            <td role="cell" data-label={head[index]} class={numeric.includes(index) ? "number" : undefined}>
              {cell}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
);

/** What something is, line by line. */
export const Facts = ({ of }: { of: readonly (readonly [label: string, value: Child])[] }) => (
  <dl class="facts">
    {of.map(([label, value]) => (
      <div>
        <dt>{label}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);
