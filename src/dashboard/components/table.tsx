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
  compact = false,
}: {
  label: string;
  head: readonly string[];
  rows: readonly Row[];
  /** Indexes of columns with numbers. */
  numeric?: readonly number[];
  /** Its cards have the first and the last cell in one line, and the others in a running text. */
  compact?: boolean;
}) => (
  <table class={compact ? "cards compact" : "cards"} role="table" aria-label={label}>
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

/** A figure with its name. */
export const Tile = ({ name, value, aside }: { name: string; value: Child; aside?: Child }) => (
  <div class="tile">
    <div class="name">{name}</div>
    <div class="value">{value}</div>
    {aside !== undefined && <div class="aside">{aside}</div>}
  </div>
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
