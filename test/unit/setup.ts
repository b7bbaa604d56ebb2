import { moveClock } from "../another-date.ts";

moveClock(process.env["TEST_DATE"]);
