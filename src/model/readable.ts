// Lists leave out rows that cannot be read, so that one of them does not hide its neighbours. Read by its id, such a row is an internal error.
import { ZodError } from "zod";

/** What `read` makes of the rows that it can read: a corrupt one, or a newer release's, throws. */
export function readable<Row, T>(rows: readonly Row[], read: (row: Row) => T): T[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof ZodError) return [];
      throw error;
    }
  });
}
