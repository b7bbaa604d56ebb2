export { createLogger, describeError, type Log, type LogFields, type Logger } from "./logger.ts";
