/**
 * Every route of the collector's read side on one screen. contract.ts says what each takes and gives; errors leave through
 * one door as { error: { code, message } }; everything else is the page.
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { HttpBindings } from '@hono/node-server';
import { compress } from 'hono/compress';
import { AppError } from '#shared/error.ts';
import { createRootReader } from '../store/roots-read.ts';
import { routes } from './contract.ts';
import type { ServeDeps } from './deps.ts';
import { answerError, measure, neverStore, noSuchRoute, refuseQuery, shareRunning } from './answer.ts';
import { createAttributes } from './attributes.ts';
import { createCompareSets } from './compare-sets.ts';
import { createCompare } from './compare.ts';
import { answerEvents, answerJson } from './compressed.ts';
import { createDetails } from './detail.ts';
import { createEntries } from './entries.ts';
import { createFrameSource } from './frame-source.ts';
import { createFramesAnswer } from './frames.ts';
import { createGraph } from './graph.ts';
import { checkHost, checkToken, securityHeaders } from './guard.ts';
import { createLive } from './live.ts';
import { listOperations } from './operations.ts';
import { readPages } from './pages.ts';
import { createProfile, createTreesOf } from './profile.ts';
import { readStatus } from './status.ts';
import { createTail } from './tail.ts';
import { createTimeline } from './timeline.ts';
import { createTracePoints } from './trace-points.ts';
import { createOpener } from './trace-open.ts';
import { answerTrace, readTraceSpan } from './trace.ts';
import { listTraces, tailOptions } from './traces.ts';
import { createWhatIf } from './what-if.ts';

export type Env = { Bindings: HttpBindings };

export interface App {
  readonly app: OpenAPIHono<Env>;
  /** Clients that follow the live map. */
  readonly liveClients: number;
  /** Ends the event streams. */
  close(): void;
}

export function createApp(deps: ServeDeps): App {
  const app = new OpenAPIHono<Env>({ defaultHook: refuseQuery });
  const roots = createRootReader(deps.db);
  const read = createFrameSource(deps, roots);
  const graph = shareRunning(createGraph(deps, read));
  const details = createDetails(deps, read);
  const timeline = shareRunning(createTimeline(deps));
  const frames = shareRunning(createFramesAnswer(deps, read));
  const entries = shareRunning(createEntries(deps, roots));
  const compare = shareRunning(createCompare(deps, read));
  const compareSets = shareRunning(createCompareSets(deps));
  const points = shareRunning(createTracePoints(deps));
  const attributes = createAttributes(deps);
  const treesOf = createTreesOf(deps);
  const profile = shareRunning(createProfile(deps, treesOf));
  const whatIf = shareRunning(createWhatIf(deps, treesOf));
  const live = createLive({ compute: graph, onBug: deps.onBug });
  deps.follower.onAdvanced(live.look);
  const tail = createTail(tailOptions(deps));
  const pages = readPages(deps.uiDirectory);

  app.onError(answerError(deps.onBug));
  app.use(measure(deps));
  app.use(securityHeaders(deps.config, pages.scripts));
  app.use(checkHost(deps.config.listen.host));
  app.use(compress());

  app.openapi(routes.healthz, (c) => c.json({ status: 'ok' as const }, 200));
  app.openapi(routes.readyz, (c) => c.json({ status: deps.state() }, deps.state() === 'ok' ? 200 : 503));

  app.use(checkToken(deps.config.readToken));
  app.use('/api/*', neverStore);

  app.openapi(routes.graph, async (c) => answerJson(c, await graph(c.req.valid('query'))));
  app.openapi(routes.live, (c) => answerEvents(c, (line) => live.follow(c.req.valid('query'), line)));
  app.openapi(routes.edge, async (c) =>
    answerJson(c, await details.edge(c.req.valid('param').id, c.req.valid('query'))),
  );
  app.openapi(routes.node, async (c) =>
    answerJson(c, await details.node(c.req.valid('param').id, c.req.valid('query'))),
  );
  app.openapi(routes.operations, async (c) =>
    answerJson(c, await listOperations(deps, c.req.valid('param').id, c.req.valid('query'))),
  );
  app.openapi(routes.frames, async (c) => answerJson(c, await frames(c.req.valid('query'))));
  app.openapi(routes.timeline, async (c) => answerJson(c, await timeline(c.req.valid('query'))));
  app.openapi(routes.entries, async (c) => answerJson(c, await entries(c.req.valid('query'))));
  app.openapi(routes.compare, async (c) => answerJson(c, await compare(c.req.valid('query'))));
  app.openapi(routes.compareSets, async (c) => answerJson(c, await compareSets(c.req.valid('query'))));
  app.openapi(routes.traces, async (c) => answerJson(c, await listTraces(deps, c.req.valid('query'))));
  app.openapi(routes.tracePoints, async (c) => answerJson(c, await points(c.req.valid('query'))));
  app.openapi(routes.tracesLive, (c) =>
    answerEvents(c, (line) => tail.follow(c.req.valid('query'), c.req.header('last-event-id'), line)),
  );
  app.openapi(routes.attributeKeys, async (c) => answerJson(c, await attributes.keys(c.req.valid('query'))));
  app.openapi(routes.attributeValues, async (c) => answerJson(c, await attributes.values(c.req.valid('query'))));
  app.openapi(routes.trace, (c) => answerTrace(deps, c, c.req.valid('param').id, c.req.valid('query')));
  app.openapi(routes.openFile, createOpener(deps));
  app.openapi(routes.span, async (c) => {
    const { id, spanId } = c.req.valid('param');
    return answerJson(c, await readTraceSpan(deps, id, spanId));
  });
  app.openapi(routes.profile, async (c) => answerJson(c, await profile(c.req.valid('query'))));
  app.openapi(routes.whatIf, async (c) => answerJson(c, await whatIf(c.req.valid('query'))));
  app.openapi(routes.status, async (c) => answerJson(c, await readStatus(deps)));
  app.openapi(routes.metrics, async (c) => {
    const { contentType, text } = await deps.metrics();
    return c.text(text, 200, { 'content-type': contentType });
  });
  app.get('/api/openapi.json', (c) => c.json(documentOf(app, deps.version)));

  app.all('/api/*', noSuchRoute);
  app.get('*', (c) => pages.answer(c));
  app.notFound(() => {
    throw new AppError('method-not-allowed', 'cannot answer: pages can only be read');
  });
  return {
    app,
    get liveClients() {
      return live.clients;
    },
    close() {
      live.close();
      tail.close();
    },
  };
}

/** The published description of the routes. */
function documentOf(app: OpenAPIHono<Env>, version: string): object {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Throughline',
      version,
      description: 'Live map and traces of a service mesh. Times are epoch milliseconds; durations end in their unit.',
    },
  });
}
