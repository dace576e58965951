/**
 * What an attribute term of a query line asks of a value, in SQL for the attributes of spans and in TypeScript for those of
 * resources, of which there are few. Both say the same; shared/trace-query.ts has the rules in words.
 */
import type { AttributeTerm } from '#shared/trace-query.ts';

const numeric = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** The number a text is, undefined for other texts. */
function numberOf(text: string): number | undefined {
  return numeric.test(text) ? Number(text) : undefined;
}

/** Texts that are equal to a value: as it is written, and as a sender of numbers has it. */
export function equalTexts(value: string): string[] {
  const number = numberOf(value);
  return number === undefined || String(number) === value ? [value] : [value, String(number)];
}

/** Whether a value a resource has satisfies the term. */
export function holds({ op, value: wanted }: AttributeTerm, text: string): boolean {
  if (op === 'exists') return true;
  if (op === '=' || op === '!=') return equalTexts(wanted).includes(text) === (op === '=');
  const number = numberOf(wanted);
  const held = number === undefined ? text : numberOf(text);
  const bound = number ?? wanted;
  if (held === undefined) return false;
  switch (op) {
    case '>':
      return held > bound;
    case '>=':
      return held >= bound;
    case '<':
      return held < bound;
    case '<=':
      return held <= bound;
  }
}

/** The condition on the Map of a span, and its parameters. in: what tells its parameters from those of other terms. */
export function termSql(
  { key, op, value }: AttributeTerm,
  id: string,
): { sql: string; params: Record<string, unknown> } {
  const keyParam = `{matchKey${id}:String}`;
  const has = `mapContains(s.attributes, ${keyParam})`;
  const held = `s.attributes[${keyParam}]`;
  const params: Record<string, unknown> = { [`matchKey${id}`]: key };
  switch (op) {
    case 'exists':
      return { sql: has, params };
    case '=':
    case '!=': {
      const texts = equalTexts(value);
      texts.forEach((text, i) => Object.assign(params, { [`matchText${id}_${i}`]: text }));
      // one comparison a text, as the index on values wants it
      const each = texts.map((_, i) => `${held} ${op} {matchText${id}_${i}:String}`);
      const sql = each.length === 1 ? each.join('') : `(${each.join(op === '=' ? ' OR ' : ' AND ')})`;
      // what is absent reads as ''
      return { sql: op === '!=' || value === '' ? `(${has} AND ${sql})` : sql, params };
    }
    default: {
      const number = numberOf(value);
      if (number === undefined)
        return {
          sql: `(${has} AND ${held} ${op} {matchText${id}:String})`,
          params: { ...params, [`matchText${id}`]: value },
        };
      return {
        sql: `ifNull(toFloat64OrNull(${held}) ${op} {matchNumber${id}:Float64}, 0)`,
        params: { ...params, [`matchNumber${id}`]: number },
      };
    }
  }
}
