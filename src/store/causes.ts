// `causeOf` of model/issue.ts in SQL.
import { ERROR_CODES } from "../model/delivery.ts";

const CODES = `(${ERROR_CODES.map((code) => `'${code}'`).join(", ")})`;

/** The cause of a delivery's failure. @param row the alias of its row, with a dot; or nothing */
export function causeSql(row = ""): string {
  const error = `${row}last_error`;
  const tail = `iif(instr(${error}, ': ') = 0, ${error}, substr(${error}, instr(${error}, ': ') + 2))`;
  const head = `iif(instr(${error}, ': ') = 0, ${error}, substr(${error}, 1, instr(${error}, ': ') - 1))`;
  return `(CASE WHEN ${tail} = 'http_status' THEN 'status_' || COALESCE(${row}last_response_status, 0)
    WHEN ${tail} IN ${CODES} THEN ${tail} ELSE ${head} END)`;
}
