export { createLogger, describeError, type Log, type Logger } from "./logger.ts";
