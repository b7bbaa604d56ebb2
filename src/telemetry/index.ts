export { createLogger, describeError, type Logger } from "./logger.ts";
