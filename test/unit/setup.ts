import { moveClock, untilInstant } from "../another-date.ts";

moveClock(untilInstant(process.env["TEST_DATE"]));
