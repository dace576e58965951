/** Redaction: no secret reaches the log or the store, and what is none stays as it was sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../collector/config.ts';
import { defaultLimits } from '../collector/decode/cursor.ts';
import type { OtlpAnyValue, OtlpKeyValue } from '../collector/decode/otlp.ts';
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { writeOtlp } from '../collector/decode/otlp-write.ts';
import { createNormalised, normalise } from '../collector/normalise/normalise.ts';
import {
  createRedaction,
  defaultRedactConfig,
  isSecretName,
  type RedactConfig,
} from '../collector/normalise/redact.ts';
import { createPipeline } from '../collector/pipeline.ts';
import type { Db } from '../collector/store/db.ts';
import { createSpanBlock } from '../collector/store/span-block.ts';
import { bodyOf, keyValues, spanId, traceId } from './otlp-span.ts';

/** All that would be stored of the span, as one text; what would be logged has secrets only where this has. */
function storedText(body: Uint8Array, config: Partial<RedactConfig> = {}): string {
  const block = createSpanBlock();
  const normalised = createNormalised();
  const redaction = createRedaction({ ...defaultRedactConfig, ...config });
  decodeOtlp(
    body,
    (span) => {
      normalise(span, normalised);
      block.append(span, normalised);
    },
    defaultLimits,
    redaction,
  );
  assert.equal(block.rows, 1);
  const logged = Buffer.from(block.record()).toString('latin1');
  const stored = Buffer.from(block.seal({ tick: 1, batch: 0 })).toString('latin1');
  assert.equal(logged.includes('S3CRET'), stored.includes('S3CRET'));
  return stored;
}

/** A body whose resource, scope, span, event and link have these attributes. */
function everywhere(attributes: readonly OtlpKeyValue[]): Uint8Array {
  const events = [{ name: 'log', attributes }];
  const links = [{ traceId, spanId, attributes }];
  const spans = [{ traceId, spanId, attributes, events, links }];
  return writeOtlp({
    resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'sdk', attributes }, spans }] }],
  });
}

test('no secret of a span, resource, scope, event or link reaches the store', () => {
  const secrets = {
    'http.request.header.authorization': 'Bearer S3CRET-a',
    'auth.token': 'S3CRET-b',
    password: 'S3CRET-c',
  };
  const urls = {
    'http.url': 'https://joe:S3CRET-d@host/path?token=S3CRET-e&page=2',
    'url.query': 'api_key=S3CRET-f&q=kept',
  };
  const attributes = keyValues({ ...secrets, ...urls, plain: 'visible' });
  const nested = { key: 'headers', value: { kvlistValue: { values: keyValues({ cookie: 'S3CRET-g' }) } } };
  const body = everywhere([...attributes, nested]);
  const text = storedText(body);
  assert.doesNotMatch(text, /S3CRET/);
  assert.equal(text.match(/visible/g)?.length, 5);
  assert.equal(text.match(/page=2/g)?.length, 5);
  assert.match(text, /https:\/\/REDACTED:REDACTED@host\/path\?token=REDACTED&page=2/);
  assert.match(storedText(body, { enabled: false }), /S3CRET-a/);
  const dropped = storedText(body, { dropQuery: true });
  assert.doesNotMatch(dropped, /page=2|q=kept/);
  assert.match(dropped, /host\/path/);
});

test('a secret that hides in a nested value alone is found in each place', () => {
  const nested = (value: string): OtlpKeyValue[] => [
    {
      key: 'headers',
      value: {
        kvlistValue: { values: [{ key: 'deep', value: { kvlistValue: { values: keyValues({ cookie: value }) } } }] },
      },
    },
  ];
  const body = writeOtlp({
    resourceSpans: [
      {
        resource: { attributes: nested('S3CRET-a') },
        scopeSpans: [
          {
            scope: { attributes: nested('S3CRET-b') },
            spans: [
              {
                traceId,
                spanId,
                attributes: nested('S3CRET-c'),
                events: [{ attributes: nested('S3CRET-d') }],
                links: [{ attributes: nested('S3CRET-e') }],
              },
            ],
          },
        ],
      },
    ],
  });
  const text = storedText(body);
  assert.doesNotMatch(text, /S3CRET/);
  assert.equal(text.match(/REDACTED/g)?.length, 5);
});

test('URLs in an array or a kvlist are cleaned in each place', () => {
  const list = (...texts: string[]): OtlpAnyValue => ({
    arrayValue: { values: texts.map((stringValue) => ({ stringValue })) },
  });
  const headers = (url: string, query: string): OtlpKeyValue[] => [
    { key: 'http.request.header.referer', value: list('about:blank', url) },
    { key: 'http.response.header.location', value: { arrayValue: { values: [list(url)] } } },
    { key: 'request.url', value: { kvlistValue: { values: keyValues({ first: url }) } } },
    { key: 'url.query', value: list(query) },
  ];
  const text = storedText(everywhere(headers('https://u:S3CRET@h/?token=S3CRET&page=2', 'api_key=S3CRET&q=kept')));
  assert.doesNotMatch(text, /S3CRET/);
  assert.equal(text.match(/https:\/\/REDACTED:REDACTED@h\/\?token=REDACTED&page=2/g)?.length, 3 * 5);
  assert.equal(text.match(/api_key=REDACTED&q=kept/g)?.length, 5);
  const clean = everywhere(headers('https://h/p@th?page=2', 'q=kept'));
  assert.equal(storedText(clean), storedText(clean, { enabled: false }));
  assert.doesNotMatch(storedText(clean, { dropQuery: true }), /page=2|q=kept/);
});

test('the type of an exception is hidden wherever it is kept', () => {
  const events = [{ name: 'exception', attributes: keyValues({ 'exception.type': 'S3CRET' }) }];
  const body = bodyOf({}, {}, { events });
  assert.match(storedText(body), /S3CRET/);
  assert.doesNotMatch(storedText(body, { hide: ['exception.type'] }), /S3CRET/);
});

test('a secret of a URL is found wherever in it it begins', () => {
  for (let before = 0; before < 9; before++) {
    const some = 'a'.repeat(before);
    for (const url of [`http://${some}:S3CRET@host/`, `/${some}?token=S3CRET`, `${some}?token=S3CRET`]) {
      assert.doesNotMatch(storedText(bodyOf({ 'http.url': url })), /S3CRET/, url);
    }
  }
});

test('white space or a byte order mark in front hides no secret, and stays', () => {
  for (const before of ['\ufeff', '  ']) {
    const said = {
      'http.url': `${before}http://joe:S3CRET@host/?token=S3CRET`,
      'url.query': `${before}sig=S3CRET`,
      [`${before}url.full`]: 'http://joe:S3CRET@host/',
      [`${before}user.email`]: 'S3CRET',
    };
    const stored = Buffer.from(storedText(bodyOf(said), { hide: ['user.email'] }), 'latin1').toString();
    assert.doesNotMatch(stored, /S3CRET/);
    assert.ok(stored.includes(`${before}http://REDACTED:REDACTED@host/?token=REDACTED`));
    assert.ok(stored.includes(`"${before}url.full"`));
  }
});

test('a URL without a secret is stored byte for byte', () => {
  for (const url of [
    'http://a/b?x=1&y=2#z',
    'http://a/p@th',
    'mailto:x',
    '/path?',
    'http://a/?q=token',
    '?',
    'http://[::1]/?a=b=c',
  ]) {
    assert.ok(storedText(bodyOf({ 'http.url': url })).includes(url), url);
  }
});

test('keys are secret by their words, not by letters they happen to contain', () => {
  for (const name of [
    'authorization',
    'http.request.header.cookie',
    'Set-Cookie',
    'x-api-key',
    'accessToken',
    'db.password',
    'client_secret',
    'private_key',
    'apiKey',
  ]) {
    assert.ok(isSecretName(name), name);
  }
  for (const name of [
    'http.url',
    'gen_ai.usage.input_tokens',
    'token.count',
    'k8s.secret.name',
    'messaging.kafka.message.key',
    'author',
    'monkey',
    'passport',
  ]) {
    assert.ok(!isSecretName(name), name);
  }
});

test('an operator may hide more keys and keep some', () => {
  const body = bodyOf({ 'user.email': 'joe@example', 'session.token': 'kept-value' });
  const text = storedText(body, { hide: ['user.email'], keep: ['session.token'] });
  assert.doesNotMatch(text, /joe@example/);
  assert.match(text, /kept-value/);
});

test('what the settings hide, keep and drop is hidden, kept and dropped by the collector', async () => {
  const invocation = readConfig(['--redact=user.email', '--redact-keep=Session.Token', '--drop-query-strings'], {});
  assert.ok('config' in invocation);
  const blocks: Buffer[] = [];
  const db: Partial<Db> = {
    insertNative: async (_table, block) => void blocks.push(...block.map((bytes) => Buffer.from(bytes))),
  };
  const pipeline = await createPipeline(db as Db, invocation.config, 0, () => assert.fail());
  const said = { 'user.email': 'joe@example', 'session.token': 'kept-value', 'http.url': 'http://a/path?q=dropped' };
  await pipeline.receive(bodyOf(said), 'protobuf');
  await pipeline.close();
  const stored = Buffer.concat(blocks).toString('latin1');
  assert.match(stored, /kept-value/);
  assert.match(stored, /http:\/\/a\/path/);
  assert.doesNotMatch(stored, /joe@example|q=dropped/);
});
