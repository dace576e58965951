/** What every route shares: refusals by name, errors through one door, and the measuring of requests. */
import type { Hook } from '@hono/zod-openapi';
import type { Context, ErrorHandler, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ErrorBody } from '#shared/api.ts';
import { AppError, errorCodes, quoted } from '#shared/error.ts';
import type { Env } from './app.ts';
import type { ServeDeps } from './deps.ts';

/** Turns the first thing wrong with a request's parameters into a message that names the parameter. */
export const refuseQuery: Hook<unknown, Env, string, unknown> = (result, c) => {
  if (result.success) return;
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue?.code === 'unrecognized_keys') {
    throw new AppError(
      'bad-request',
      `cannot read parameter ${quoted(issue.keys[0])}: there is no such parameter here`,
    );
  }
  const name = String(issue?.path[0] ?? '');
  const value = c.req.query(name) ?? c.req.param(name);
  throw new AppError(
    'bad-request',
    `cannot read parameter ${name} "${quoted(value)}": ${issue?.message ?? 'not valid'}`,
  );
};

/** in: where bugs are logged. out: AppErrors as they are, the store's refusals as unavailable, all else 500 without detail. */
export function answerError(onBug: (error: unknown) => void): ErrorHandler<Env> {
  return (error, c) => {
    const expected = error instanceof AppError ? error : storeRefusal(error);
    if (expected === undefined) onBug(error);
    const known = expected ?? new AppError('internal', 'cannot answer: internal error');
    if (known.code === 'unavailable') c.header('retry-after', '2');
    c.header('cache-control', 'no-store');
    return c.json({ error: { code: known.code, message: known.message } } satisfies ErrorBody, status(known));
  };
}

/** A query that ran out of the bounds db.ts sets, or a store that is away. */
function storeRefusal(error: Error): AppError | undefined {
  const { type, code } = error as { type?: unknown; code?: unknown };
  if (type === 'TIMEOUT_EXCEEDED' || type === 'MEMORY_LIMIT_EXCEEDED') {
    return new AppError(
      'unavailable',
      'cannot answer: that needs more time or memory than a question may take; ask for less',
    );
  }
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'ETIMEDOUT') {
    return new AppError('unavailable', 'cannot answer: the store does not answer');
  }
  return undefined;
}

function status(error: AppError): ContentfulStatusCode {
  return errorCodes[error.code].http;
}

/** Answers of the API are of the moment. */
export const neverStore: MiddlewareHandler = async (c, next) => {
  c.header('cache-control', 'no-store');
  await next();
};

/** A path under /api that is no route, or a method it does not take. */
export function noSuchRoute(c: Context<Env>): never {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
    throw new AppError('method-not-allowed', `cannot ${c.req.method} ${quoted(c.req.path)}: this API can only be read`);
  }
  throw new AppError('not-found', `cannot find ${quoted(c.req.path)}: there is no such route, see /api/openapi.json`);
}

/** Tells `observe` of each request, with the route's pattern, never the path itself, and lets `around` run it. */
export function measure({ observe, around }: Pick<ServeDeps, 'observe' | 'around'>): MiddlewareHandler {
  return async (c, next) => {
    const startedMs = performance.now();
    await (around === undefined ? next() : around(c.req.method, c.req.path, next));
    observe?.(routePath(c), c.res.status, (performance.now() - startedMs) / 1000);
  };
}

/** Equal questions that come while one is being answered share its answer. */
export function shareRunning<Query, Answer>(
  answer: (query: Query) => Promise<Answer>,
): (query: Query) => Promise<Answer> {
  const running = new Map<string, Promise<Answer>>();
  return (query) => {
    const key = JSON.stringify(query);
    const held = running.get(key);
    if (held) return held;
    const started = answer(query).finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
}
