/**
 * Where the client says what its owner should know: few lines, and never a context, never a key.
 */

/** What takes lines of the log: `console`, pino, winston and their like fit. */
export interface Logger {
  error(message: string, ...more: unknown[]): void;
  warn(message: string, ...more: unknown[]): void;
  info(message: string, ...more: unknown[]): void;
}

/** The console, all of it to standard error: a program's standard output is its own. */
export const CONSOLE: Logger = {
  error: (message, ...more) => {
    console.error(message, ...more);
  },
  warn: (message, ...more) => {
    console.warn(message, ...more);
  },
  info: (message, ...more) => {
    console.warn(message, ...more);
  },
};

/** A logger whose own failures are nobody's business: what calls it must go on. */
export function safe(logger: Logger): Logger {
  const call =
    (level: keyof Logger) =>
    (message: string, ...more: unknown[]): void => {
      try {
        logger[level](`pennon: ${message}`, ...more);
      } catch {
        // There is no other place to say it.
      }
    };
  return { error: call("error"), warn: call("warn"), info: call("info") };
}
