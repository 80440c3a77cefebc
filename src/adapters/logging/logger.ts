/** Structured logs: pino, NDJSON on stdout, one line per event. */
import { type DestinationStream, pino, stdTimeFunctions } from "pino";
import type { LogEntry } from "./log-entry.ts";

export interface LoggerConfig {
  readonly level: LogEntry["level"];
  /** The host's name, on every line. */
  readonly host: string;
}

export interface Logger {
  write(entry: LogEntry): void;
  error(event: string, message: string, error: unknown): void;
  setLevel(level: LogEntry["level"]): void;
}

export function createLogger({ level, host }: LoggerConfig, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { host },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log = destination === undefined ? pino(options) : pino(options, destination);
  return {
    write: ({ level: at, event, message, fields }) => log[at]({ event, ...fields }, message),
    error: (event, message, error) => log.error({ event, err: error }, message),
    setLevel: (next) => {
      log.level = next;
    },
  };
}
