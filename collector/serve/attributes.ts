/** Answers of /api/attributes: what a query line can ask for, for its completion. */
import type { AttributeKeys, AttributeValues } from '#shared/api.ts';
import { toInterval } from '#shared/time.ts';
import { readAttributeKeys, readAttributeValues, type AttributeQuery } from '../store/attributes-read.ts';
import type { AttributeKeysQuery, AttributeValuesQuery } from './contract-search.ts';
import type { ServeDeps } from './deps.ts';
import { defaultSearchWindow } from './trace-filter.ts';

const defaultLimit = 100;

export function createAttributes({ db, now = Date.now }: ServeDeps): {
  keys(query: AttributeKeysQuery): Promise<AttributeKeys>;
  values(query: AttributeValuesQuery): Promise<AttributeValues>;
} {
  const toQuery = (query: AttributeKeysQuery): AttributeQuery => {
    const { fromMs, toMs } = toInterval(query, now(), defaultSearchWindow);
    return { fromMs, toMs, prefix: query.prefix, limit: query.limit ?? defaultLimit };
  };
  return {
    async keys(query) {
      const asked = toQuery(query);
      const { fromMs, counted } = await readAttributeKeys(db, asked);
      return { from: fromMs, to: asked.toMs, keys: counted.map(({ text, spans }) => ({ key: text, spans })) };
    },
    async values(query) {
      const asked = toQuery(query);
      const { fromMs, counted } = await readAttributeValues(db, query.key, asked);
      return { from: fromMs, to: asked.toMs, values: counted.map(({ text, spans }) => ({ value: text, spans })) };
    },
  };
}
