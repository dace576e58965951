/** Small readings of a query line that is still being typed. Pure. */
import { queryTokens } from '#shared/trace-query-tokens.ts';
import { queryWordOf } from '#shared/trace-query.ts';

/** The workload a line names, whether or not the rest of it can be read yet. */
export function serviceBefore(line: string): string | undefined {
  const tokens = queryTokens(line);
  const at = tokens.findIndex((token) => token.type === 'key' && queryWordOf(token) === 'service');
  const value = tokens[at + 2];
  return at >= 0 && value?.type === 'value' ? value.text : undefined;
}
