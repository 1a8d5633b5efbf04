// `Streamedian.logger(tag)`: the console, with a tag before each line and a level.

const LEVELS = ['error', 'warn', 'info', 'log', 'debug'] as const;

export type LogLevel = (typeof LEVELS)[number];

export interface Logger extends Record<LogLevel, (...what: unknown[]) => void> {
  /** Less important lines are not written; a number counts from 0, `error`. Default: `warn`. */
  setLevel(level: LogLevel | number): void;
}

const loggers = new Map<string, Logger>();

export function logger(tag = ''): Logger {
  let found = loggers.get(tag);
  if (!found) loggers.set(tag, (found = made(tag)));
  return found;
}

function made(tag: string): Logger {
  const logger = {
    setLevel(level: LogLevel | number): void {
      const shown = typeof level === 'number' ? level : LEVELS.indexOf(level);
      LEVELS.forEach((name, index) => {
        logger[name] = index <= shown ? console[name].bind(console, `[${tag}]`) : () => {};
      });
    },
  } as Logger;
  logger.setLevel('warn');
  return logger;
}
