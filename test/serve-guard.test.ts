/** Who may read, and what a browser is told: the host check, the token, the policy, and the page's files. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfig, type Config } from '../collector/config.ts';
import { startServing } from './serve.ts';

const directory = mkdtempSync(join(tmpdir(), 'throughline-pages-'));
after(() => rmSync(directory, { recursive: true }));
const script = `{\n  const start = () => 1;\n}`;
const page = `<!doctype html><html><head><script src="/theme.js"></script></head><body><script>${script}</script></body></html>`;
mkdirSync(join(directory, '_app', 'immutable'), { recursive: true });
writeFileSync(join(directory, '200.html'), page);
writeFileSync(join(directory, 'theme.js'), 'document.title');
writeFileSync(join(directory, '_app', 'immutable', 'start.abc.js'), `// ${'x'.repeat(5000)}`);
writeFileSync(join(directory, '..', 'throughline-outside.txt'), 'outside');
after(() => rmSync(join(directory, '..', 'throughline-outside.txt')));

const served = await startServing({
  uiDirectory: directory,
  config: { frameAncestors: ["'self'", 'https://grafana.example'] },
});
const guarded = await startServing({ db: served.db, uiDirectory: directory, config: { readToken: 'open-sesame' } });
const outward = await startServing({ db: served.db, config: { listen: { host: '0.0.0.0', port: 0 }, readToken: 'x' } });

const configOf = (args: string[]): Config => {
  const asked = readConfig(args, {});
  assert.ok('config' in asked);
  return asked.config;
};

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** A request as it is, with any host and path: fetch would mend them. */
function ask(url: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

test('on loopback only local names are answered', async () => {
  for (const host of ['localhost', 'localhost:4319', '127.0.0.1:80', '127.9.9.9', '[::1]:4319', 'demo.localhost']) {
    assert.equal((await ask(served.api.url, '/api/status', { host })).status, 200, host);
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'evil.example:4319',
  ]) {
    const { status, body } = await ask(served.api.url, '/api/status', { host });
    assert.deepEqual([status, JSON.parse(body.toString()).error.code], [403, 'forbidden'], host);
  }
});

test('on other addresses the token guards, whatever the host is called', async () => {
  const url = outward.api.url.replace('0.0.0.0', '127.0.0.1');
  assert.equal((await ask(url, '/api/status', { host: 'map.example', authorization: 'Bearer x' })).status, 200);
  assert.equal((await ask(url, '/api/status', { host: 'map.example' })).status, 401);
});

test('with a token set, nothing but health is answered without it', async () => {
  for (const path of [
    '/',
    '/theme.js',
    '/api/graph',
    '/api/graph/live',
    '/api/openapi.json',
    '/api/nonsense',
    '/metrics',
  ]) {
    const { status, headers } = await ask(guarded.api.url, path);
    assert.equal(status, 401, path);
    assert.match(String(headers['www-authenticate']), /^Basic realm=/, path);
  }
  for (const path of ['/healthz', '/readyz']) assert.equal((await ask(guarded.api.url, path)).status, 200, path);
});

test('the token is taken as a bearer, or as the password a browser asks for', async () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const status = async (authorization: string): Promise<number> =>
    (await ask(guarded.api.url, '/api/status', { authorization })).status;
  assert.equal(await status('Bearer open-sesame'), 200);
  assert.equal(await status(basic('me:open-sesame')), 200);
  assert.equal(await status(basic(':open-sesame')), 200);
  for (const wrong of [
    'Bearer wrong',
    'Bearer',
    'Token open-sesame',
    'Digest open',
    basic('open-sesame'.slice(1)),
    basic('me:wrong'),
    basic('open-sesame:'),
  ]) {
    assert.equal(await status(wrong), 401, wrong);
  }
});

test('every answer carries the policy, also errors', async () => {
  for (const path of ['/', '/api/graph', '/api/nonsense', '/api/graph?x=1', '/healthz', '/theme.js', '/missing.js']) {
    const { headers } = await ask(served.api.url, path);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /default-src 'self'/, path);
    assert.match(policy, /object-src 'none'; base-uri 'none'/, path);
    assert.match(policy, /frame-ancestors 'self' https:\/\/grafana\.example$/, path);
    assert.equal(headers['x-frame-options'], undefined, path);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
    assert.equal(headers['referrer-policy'], 'no-referrer', path);
    assert.equal(headers['access-control-allow-origin'], undefined, path);
  }
});

test('nobody may frame the pages unless they are told to', async () => {
  for (const [frameAncestors, policy, options] of [
    [configOf([]).frameAncestors, /frame-ancestors 'none'$/, 'DENY'],
    [[], /frame-ancestors 'none'$/, 'DENY'],
    [configOf(['--frame-ancestors=self']).frameAncestors, /frame-ancestors 'self'$/, 'SAMEORIGIN'],
    [
      configOf(['--frame-ancestors=https://a.example,https://b.example']).frameAncestors,
      /https:\/\/b\.example$/,
      undefined,
    ],
  ] as const) {
    const one = await startServing({ db: served.db, config: { frameAncestors } });
    const { headers } = await ask(one.api.url, '/healthz');
    assert.match(String(headers['content-security-policy']), policy);
    assert.equal(headers['x-frame-options'], options);
  }
});

test("the policy lets the page's own inline script run, by its hash, and no other", async () => {
  const policy = String((await ask(served.api.url, '/')).headers['content-security-policy']);
  const hash = createHash('sha256').update(script).digest('base64');
  assert.match(policy, /script-src 'self' '[^']+';/);
  assert.ok(policy.includes(`'sha256-${hash}'`));
  assert.doesNotMatch(/script-src[^;]*/.exec(policy)?.[0] ?? '', /unsafe/);
});

test('paths without a file get the page, files their type', async () => {
  for (const path of ['/', '/trace/0af7651916cd43dd8448eb211c80319c', '/embed/map?theme=dark', '/search']) {
    const { status, headers, body } = await ask(served.api.url, path);
    assert.deepEqual([status, headers['content-type'], body.toString()], [200, 'text/html; charset=utf-8', page], path);
  }
  assert.equal((await ask(served.api.url, '/theme.js')).headers['content-type'], 'text/javascript; charset=utf-8');
  assert.equal((await ask(served.api.url, '/_app/immutable/gone.js')).status, 404, 'a missing script is not the page');
});

test('no path leads out of the build', async () => {
  for (const path of [
    '/../throughline-outside.txt',
    '/..%2fthroughline-outside.txt',
    '/%2e%2e/throughline-outside.txt',
    '/_app/..%5c..%5c..%5cthroughline-outside.txt',
    '//etc/passwd',
    '/.%00/../../etc/passwd',
  ]) {
    const { body } = await ask(served.api.url, path);
    assert.doesNotMatch(body.toString(), /outside|root:/, path);
  }
});

test('hashed files are kept for good, the page is asked for again, the API is never kept', async () => {
  const of = async (path: string): Promise<unknown> => (await ask(served.api.url, path)).headers['cache-control'];
  assert.equal(await of('/_app/immutable/start.abc.js'), 'public, max-age=31536000, immutable');
  assert.equal(await of('/'), 'no-cache');
  assert.equal(await of('/api/graph'), 'no-store');
  assert.equal(await of('/api/nonsense'), 'no-store');
  const { headers } = await ask(served.api.url, '/');
  const again = await ask(served.api.url, '/', { 'if-none-match': String(headers['etag']) });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
});

test('files and JSON are compressed as the browser can take it', async () => {
  const of = async (path: string, accept: string): Promise<unknown> =>
    (await ask(served.api.url, path, { 'accept-encoding': accept })).headers['content-encoding'];
  assert.equal(await of('/_app/immutable/start.abc.js', 'gzip, br'), 'br');
  assert.equal(await of('/_app/immutable/start.abc.js', 'gzip'), 'gzip');
  assert.equal(await of('/_app/immutable/start.abc.js', 'br;q=0, gzip'), 'gzip');
  assert.equal(await of('/_app/immutable/start.abc.js', 'identity'), undefined);
  assert.equal(await of('/api/openapi.json', 'gzip'), 'gzip');
  assert.equal(await of('/api/timeline?window=1h', 'gzip, zstd'), 'zstd');
  const short = await ask(served.api.url, '/api/entries?window=1h', { 'accept-encoding': 'gzip, zstd' });
  assert.deepEqual(
    [short.headers['content-encoding'], short.headers['content-length']],
    [undefined, `${short.body.length}`],
  );
  const { headers, body } = await ask(served.api.url, '/_app/immutable/start.abc.js', {
    'accept-encoding': 'gzip, br',
  });
  assert.ok(body.length < 200 && headers['vary']?.includes('ccept'));
});

test('without a build, the page says how to make one', async () => {
  const { status, body } = await ask(outward.api.url.replace('0.0.0.0', '127.0.0.1'), '/', {
    authorization: 'Bearer x',
  });
  assert.equal(status, 200);
  assert.match(body.toString(), /npm run build/);
});

test('a bug is told without detail, and logged', async () => {
  const broken = await startServing({
    db: served.db,
    doors: () => {
      throw new Error('secret detail');
    },
  });
  const response = await broken.get('/api/status');
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), { error: { code: 'internal', message: 'cannot answer: internal error' } });
  assert.match(String(broken.bugs[0]), /secret detail/);
});

test('a question the store has no time for is refused, not a bug', async () => {
  const slow = await startServing({
    db: {
      ...served.db,
      rows: () =>
        served.db.rows(
          'SELECT sum(sleepEachRow(0.05)) FROM numbers(20) SETTINGS max_execution_time = 0.1, max_block_size = 1',
        ),
    },
  });
  const response = await slow.get('/api/traces');
  assert.equal(response.status, 503);
  assert.ok(response.headers.get('retry-after'));
  assert.match(await response.text(), /ask for less/);
  assert.deepEqual(slow.bugs, []);
});

test('not ready is 503, alive is 200', async () => {
  const starting = await startServing({ db: served.db, state: () => 'stopping' });
  assert.deepEqual([(await starting.get('/readyz')).status, (await starting.get('/healthz')).status], [503, 200]);
});

test('an address that is taken is an error that says so', async () => {
  const port = Number(new URL(served.api.url).port);
  await assert.rejects(startServing({ db: served.db, config: { listen: { host: '127.0.0.1', port } } }), {
    code: 'unavailable',
    message: /cannot listen on 127\.0\.0\.1/,
  });
});

test('no question was a bug', () => {
  assert.deepEqual([...served.bugs, ...guarded.bugs, ...outward.bugs], []);
});
