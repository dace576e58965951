/**
 * What an attribute term of a query line asks of a value, in SQL for the attributes of spans and in TypeScript for those of
 * resources, of which there are few. Both say the same; shared/trace-query.ts has the rules in words.
 */
import type { AttributeTerm } from '#shared/trace-query.ts';
import { attributesSql, placesOf, type Shapes } from './shapes-read.ts';

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

/** A condition on a span, and its parameters. */
export interface TermSql {
  readonly sql: string;
  readonly params: Record<string, unknown>;
}

/**
 * Whether a span has the attribute, and whether what it has satisfies the term.
 * in: the shapes of the spans in question; what tells its parameters from those of other terms.
 */
export function termSql(term: AttributeTerm, { shapes, others }: Shapes, id: string): { has: TermSql; meets: TermSql } {
  const key = { [`matchKey${id}`]: term.key };
  const mapHas = (map: string): string => `mapContains(${map}, {matchKey${id}:String})`;
  const mapMeets = (map: string): TermSql => {
    const { sql, params } = valueSql(term, `${map}[{matchKey${id}:String}]`, id);
    return { sql: `(${mapHas(map)} AND ${sql})`, params: { ...params, ...key } };
  };
  if (others === 'many') return { has: { sql: mapHas(attributesSql), params: key }, meets: mapMeets(attributesSql) };
  const { fixed, varying, all } = placesOf(shapes, term.key);
  const has: TermSql[] = [idsSql(all, `matchShapes${id}`)];
  const meets: TermSql[] = [];
  const matching = [...fixed].filter(([text]) => holds(term, text)).flatMap(([, ids]) => ids);
  if (matching.length > 0) meets.push(idsSql(matching, `matchFixed${id}`));
  for (const [at, ids] of varying) {
    const which = idsSql(ids, `matchVarying${id}_${at}`);
    const { sql, params } = valueSql(term, `s.varying[${at}]`, id, 's.varying');
    meets.push({ sql: `(${which.sql} AND ${sql})`, params: { ...which.params, ...params } });
  }
  if (others === 'old') {
    has.push({ sql: mapHas('s.attributes'), params: key });
    meets.push(mapMeets('s.attributes'));
  }
  return { has: anyOf(has), meets: anyOf(meets) };
}

function idsSql(ids: readonly bigint[], name: string): TermSql {
  return { sql: `cityHash64(s.shape) IN {${name}:Array(UInt64)}`, params: { [name]: ids } };
}

function anyOf(conditions: readonly TermSql[]): TermSql {
  return {
    sql: conditions.length === 0 ? '0' : `(${conditions.map(({ sql }) => sql).join(' OR ')})`,
    params: Object.assign({}, ...conditions.map(({ params }) => params)) as Record<string, unknown>,
  };
}

/**
 * What the term asks of a value that is there. in: the value in SQL; an array that has it among others and has an index, which
 * knows of no places.
 */
function valueSql({ op, value }: AttributeTerm, held: string, id: string, among?: string): TermSql {
  switch (op) {
    case 'exists':
      return { sql: '1', params: {} };
    case '=':
    case '!=': {
      const params: Record<string, unknown> = {};
      const each = equalTexts(value).map((text, i) => {
        params[`matchText${id}_${i}`] = text;
        const wanted = `{matchText${id}_${i}:String}`;
        const same = `${held} ${op} ${wanted}`;
        return op === '=' && among !== undefined ? `(has(${among}, ${wanted}) AND ${same})` : same;
      });
      return { sql: `(${each.join(op === '=' ? ' OR ' : ' AND ')})`, params };
    }
    default: {
      const number = numberOf(value);
      return number === undefined
        ? { sql: `${held} ${op} {matchText${id}:String}`, params: { [`matchText${id}`]: value } }
        : {
            sql: `ifNull(toFloat64OrNull(${held}) ${op} {matchNumber${id}:Float64}, 0)`,
            params: { [`matchNumber${id}`]: number },
          };
    }
  }
}
