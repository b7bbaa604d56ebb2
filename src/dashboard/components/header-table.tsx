// The headers of a request.
import type { HeaderList } from "../../model/event.ts";
import { Inert } from "./inert.tsx";
import { Table } from "./table.tsx";

/** @param mark a word beside a header's name */
export const HeaderTable = ({
  label,
  headers,
  mark = () => null,
}: {
  label: string;
  headers: HeaderList;
  mark?: (name: string, value: string) => string | null;
}) => (
  <Table
    label={label}
    head={["Name", "Value"]}
    rows={headers.map(([name, value], index) => {
      const word = mark(name, value);
      return {
        id: `${label.replaceAll(/\W/g, "-")}-${index}`,
        cells: [
          <>
            <code dir="ltr">
              <Inert text={name} max={200} ltr />
            </code>
            {word !== null && <span class="mark"> {word}</span>}
          </>,
          <code dir="ltr">
            <Inert text={value} max={2_000} ltr />
          </code>,
        ],
      };
    })}
  />
);
