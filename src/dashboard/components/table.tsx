// Tables that become cards on a phone, where each cell shows its column's name.
import type { Child } from "hono/jsx";

export interface Row {
  /** Stable across refreshes of the list. */
  readonly id: string;
  readonly cells: readonly Child[];
}

/** @param head column names; an empty one is not shown on cards either @param label what the table lists, for screen readers */
export const Table = ({
  label,
  head,
  rows,
  numeric = [],
}: {
  label: string;
  head: readonly string[];
  rows: readonly Row[];
  /** Indexes of columns with numbers. */
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

/** A list of labels and values. */
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
