/** The command line as flags and bare words, and how a refusal of it reads. The settings it knows are given to it. */
import { AppError, quoted } from '#shared/error.ts';
import { nearest } from './nearest.ts';
import { flag, type Setting } from './setting.ts';

/** Splits arguments into flags (joined when a repeating one comes twice) and bare words. */
export function splitArguments(
  args: readonly string[],
  settings: readonly Setting<unknown>[],
): { flags: Map<string, string>; words: string[] } {
  const flags = new Map<string, string>();
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] ?? '';
    if (argument === '-h' || argument === '--help') flags.set('help', '');
    else if (argument === '-v' || argument === '--version') flags.set('version', '');
    else if (!argument.startsWith('-') || argument === '-') words.push(argument);
    else {
      const equals = argument.indexOf('=');
      const dashed = equals < 0 ? argument : argument.slice(0, equals);
      const known = settings.find(({ name }) => `--${name}` === dashed);
      if (known === undefined) {
        const names = ['--help', '--version', ...settings.map(({ name }) => `--${name}`)];
        throw refusal(`flag ${quoted(dashed)}`, `there is no such setting, did you mean ${nearest(dashed, names)}?`);
      }
      let value = argument.slice(equals + 1);
      if (equals < 0) {
        if (known.kind === flag) value = 'true';
        else {
          const next = args[++at];
          if (next === undefined || next.startsWith('--'))
            throw refusal(`flag ${dashed}`, `expected ${dashed} ${known.kind.hint}`);
          value = next;
        }
      }
      const before = flags.get(known.name);
      flags.set(known.name, known.kind.repeats && before !== undefined ? `${before},${value}` : value);
    }
  }
  return { flags, words };
}

/** What is wrong with what was written: a flag, a variable, a setting's value. */
export function refusal(what: string, reason: string): AppError {
  return new AppError('bad-request', `cannot read ${what}: ${reason}`);
}
