/** Settings: where a value comes from, what is refused and in which words, and who may be let in. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '#shared/error.ts';
import { formatAddress, isLoopback, readConfig, settings, variableOf, type Config } from '../collector/config.ts';
import { nearest } from '../collector/nearest.ts';
import { helpText, settingsTable } from '../collector/usage.ts';

function configOf(args: readonly string[], env: Record<string, string> = {}): Config {
  const invocation = readConfig(args, env);
  if (!('config' in invocation)) assert.fail('no config');
  return invocation.config;
}

function refusalOf(args: readonly string[], env: Record<string, string> = {}): string {
  try {
    readConfig(args, env);
  } catch (error) {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'bad-request');
    return error.message;
  }
  return assert.fail(`${args.join(' ')} was taken`);
}

describe('where a setting comes from', () => {
  test('without anything it is the default, and the command is serve', () => {
    const invocation = readConfig([], {});
    assert.equal(invocation.command, 'serve');
    const config = configOf([]);
    assert.deepEqual(config.otlpHttp, { host: '127.0.0.1', port: 4318 });
    assert.deepEqual(config.store, { kind: 'chdb', directory: './data' });
    assert.equal(config.settleAfterMs, 10_000);
    assert.equal(config.retentionSpansMs, 3 * 86_400_000);
    assert.equal(config.maxBodyBytes, 64 * 1024 * 1024);
    assert.equal(config.diskBudgetBytes, undefined);
    assert.ok(Object.isFrozen(config));
  });

  test('a flag wins over the environment, and the environment over the default', () => {
    const env = { THROUGHLINE_SETTLE_AFTER: '20s', THROUGHLINE_MAX_NODES: '7' };
    const config = configOf(['--settle-after=5s'], env);
    assert.equal(config.settleAfterMs, 5000);
    assert.equal(config.maxNodes, 7);
    assert.equal(configOf(['--settle-after', '500ms'], env).settleAfterMs, 500);
  });

  test('an empty variable is as good as none, and variables of others are not looked at', () => {
    assert.equal(configOf([], { THROUGHLINE_SETTLE_AFTER: '', PATH: '/bin', OTEL_X: '1' }).settleAfterMs, 10_000);
  });

  test('a switch stands alone or takes a value behind =', () => {
    assert.equal(configOf(['--four-xx-is-failure']).fourXxIsFailure, true);
    assert.equal(
      configOf(['--four-xx-is-failure=false'], { THROUGHLINE_FOUR_XX_IS_FAILURE: 'yes' }).fourXxIsFailure,
      false,
    );
    assert.equal(readConfig(['--drop-query-strings', 'demo'], {}).command, 'demo');
  });

  test('a list given twice is joined, anything else is replaced', () => {
    const config = configOf(['--aliases', 'a=b', '--aliases=c=shop/d,e=f', '--max-nodes', '1', '--max-nodes', '2']);
    assert.deepEqual(
      [...config.aliases],
      [
        ['a', 'b'],
        ['c', 'shop/d'],
        ['e', 'f'],
      ],
    );
    assert.equal(config.maxNodes, 2);
  });

  test('a token can be read from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'throughline-config-'));
    writeFileSync(join(folder, 'token'), 'sesame\n');
    assert.equal(configOf(['--ingest-token', `@${folder}/token`]).ingestToken, 'sesame');
    rmSync(folder, { recursive: true });
    assert.match(refusalOf(['--ingest-token', `@${folder}/token`]), /cannot read setting --ingest-token: ENOENT/);
  });
});

describe('what is refused', () => {
  test('an unknown flag names the nearest known one', () => {
    assert.equal(
      refusalOf(['--setle-after', '5s']),
      'cannot read flag --setle-after: there is no such setting, did you mean --settle-after?',
    );
    assert.match(refusalOf(['--otlphttp=x']), /did you mean --otlp-http\?/);
    assert.match(refusalOf(['-p']), /there is no such setting/);
  });

  test('an unknown variable names the nearest known one', () => {
    const message = refusalOf([], { THROUGHLINE_RETENTION_SPAN: '1d' });
    assert.match(message, /THROUGHLINE_RETENTION_SPAN: .*did you mean THROUGHLINE_RETENTION_SPANS\?/);
  });

  test('an unknown command names the nearest, and a word too many is refused', () => {
    assert.match(refusalOf(['replya', 'x']), /command replya: .*did you mean replay\?/);
    assert.match(refusalOf(['serve', 'now']), /argument now: nothing is expected here/);
    assert.match(refusalOf(['replay']), /it needs a directory/);
  });

  test('a flag of another command is refused', () => {
    assert.match(refusalOf(['serve', '--speed', '3']), /flag --speed: it belongs to the command replay/);
    assert.match(refusalOf(['--demo-rate=3']), /belongs to the command demo/);
  });

  test('a flag without its value says what is expected', () => {
    assert.equal(refusalOf(['--listen']), 'cannot read flag --listen: expected --listen host:port | off');
    assert.match(refusalOf(['--listen', '--insecure']), /expected --listen/);
  });

  for (const [name, values] of Object.entries({
    'settle-after': ['10', '0s', '-1s', '5 s', '1w', 's', '1e3s'],
    'max-body': ['0', '-1', '1XB', 'MiB', '1.5.5MB', '99999999TiB'],
    'otlp-http': ['127.0.0.1', 'host:99999', '::1:80', 'a:b:80', '[::1]', 'host:', 'http://x:1'],
    'max-nodes': ['0', '1.5', 'many', '-3', '1e9'],
    store: ['chdb:', 'postgres://x', 'data', 'http://'],
    'log-level': ['loud'],
    aliases: ['a', '=b', 'a='],
    'sampling-rates': ['a=0', 'a=200%', 'a'],
    'frame-ancestors': ['x; script-src *', 'javascript:alert(1)', 'grafana.example'],
    'own-traces': ['localhost:4318', 'ftp://x'],
    insecure: ['maybe'],
  })) {
    test(`--${name} refuses ${values.join('  ')}`, () => {
      for (const value of values)
        assert.match(refusalOf([`--${name}=${value}`]), new RegExp(`^cannot read setting --${name}`), value);
    });
  }

  test('a body that the budget could never hold is not promised', () => {
    assert.match(
      refusalOf(['--max-body=64MiB', '--ingest-budget=32MiB']),
      /--max-body: it is larger than --ingest-budget/,
    );
  });

  test('a degraded edge cannot be worse than a failing one', () => {
    assert.throws(() => configOf(['--warn-failed=2%']), /--warn-failed.*--bad-failed/);
  });

  test('a secret is never in a message', () => {
    assert.doesNotMatch(refusalOf(['--read-token', '@/nowhere/secret-file-x', '--max-nodes=0']), /sesame/);
    assert.equal(refusalOf(['--listen', '0.0.0.0:1', '--ingest-token', 'sesame']).includes('sesame'), false);
  });
});

describe('how values are written', () => {
  test('addresses', () => {
    const written = (value: string): unknown => configOf([`--listen=${value}`, '--insecure']).listen;
    assert.deepEqual(written('localhost:1'), { host: 'localhost', port: 1 });
    assert.deepEqual(written('[::1]:0'), { host: '::1', port: 0 });
    assert.deepEqual(written('4319'), { host: '127.0.0.1', port: 4319 });
    assert.deepEqual(written(':4319'), { host: '0.0.0.0', port: 4319 });
    assert.equal(written('off'), undefined);
    assert.equal(formatAddress({ host: '::1', port: 5 }), '[::1]:5');
  });

  test('stores, sizes, durations, shares, pairs', () => {
    assert.deepEqual(configOf(['--store=chdb::memory:']).store, { kind: 'memory' });
    assert.deepEqual(configOf(['--store=http://u:p@h:8123/']).store, { kind: 'server', url: 'http://u:p@h:8123' });
    assert.deepEqual(configOf(['--redact=Card.Number, pin', '--redact', 'x']).redact, ['card.number', 'pin', 'x']);
    assert.equal(configOf(['--disk-budget=1.5GB']).diskBudgetBytes, 1.5e9);
    assert.equal(configOf(['--late-window=1h30m']).lateWindowMs, 5_400_000);
    assert.deepEqual(
      [...configOf(['--sampling-rates=gateway.istio-system=1%,x=0.5']).samplingRates],
      [
        ['gateway.istio-system', 0.01],
        ['x', 0.5],
      ],
    );
    assert.deepEqual(configOf([]).frameAncestors, ["'none'"]);
    assert.deepEqual(configOf(['--warn-failed=0.5%', '--bad-failed', '0.02', '--bad-p99=1s']), {
      ...configOf([]),
      warnFailed: 0.005,
      badFailed: 0.02,
      badP99Ms: 1000,
    });
    assert.deepEqual(configOf(['--frame-ancestors=self,https://*.example:3000']).frameAncestors, [
      "'self'",
      'https://*.example:3000',
    ]);
  });

  test('every default can be written out and means the same', () => {
    for (const [key, { name, fallback, only, kind }] of settings) {
      if (kind.hint === '' || fallback === '') continue;
      const args = [...(only === 'replay' ? ['replay', 'x'] : [only ?? 'serve']), `--${name}=${fallback}`];
      assert.deepEqual(configOf(args)[key as keyof Config], configOf([])[key as keyof Config], name);
    }
  });
});

describe('who may be let in', () => {
  test('loopback is all of 127/8, ::1 and localhost', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost', '::ffff:127.0.0.1'])
      assert.equal(isLoopback(host), true, host);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'example.com', '127.0.0.1.example.com', '']) {
      assert.equal(isLoopback(host), false, host);
    }
  });

  test('another address needs a token, mTLS or --insecure', () => {
    assert.match(
      refusalOf(['--otlp-http', '0.0.0.0:4318']),
      /cannot open door --otlp-http 0.0.0.0:4318: .*--ingest-token.*--insecure/,
    );
    assert.match(refusalOf(['--otlp-grpc=[::]:1', '--read-token=x']), /--otlp-grpc \[::\]:1/);
    assert.match(refusalOf(['--listen', 'my-host:80', '--ingest-token=x']), /--listen my-host:80: .*--read-token/);
    configOf(['--otlp-http', '0.0.0.0:4318', '--ingest-token=x']);
    configOf(['--listen', '0.0.0.0:4318', '--read-token=x']);
    configOf(['--listen', '0.0.0.0:4318', '--insecure']);
    configOf(['--otlp-http', '0.0.0.0:1', '--tls-cert=c', '--tls-key=k', '--tls-client-ca=a']);
  });

  test('TLS alone lets everybody in, and its files come together', () => {
    assert.match(refusalOf(['--otlp-http', '0.0.0.0:1', '--tls-cert=c', '--tls-key=k']), /cannot open door/);
    assert.match(refusalOf(['--tls-cert=c']), /--tls-cert: it goes with --tls-key/);
    assert.match(refusalOf(['--tls-client-ca=c']), /it needs --tls-cert/);
  });
});

describe('what people read', () => {
  test('--help, --version and replay are seen among other words', () => {
    assert.equal(readConfig(['demo', '--help'], {}).command, 'help');
    assert.equal(readConfig(['-v'], {}).command, 'version');
    const replay = readConfig(['replay', 'dir', '--now', '--speed=10'], {});
    assert.ok(
      replay.command === 'replay' && replay.directory === 'dir' && replay.config.now && replay.config.speed === 10,
    );
  });

  test('help and table name every flag, variable and default', () => {
    for (const shown of [helpText(), settingsTable()]) {
      for (const [, { name, fallback, help }] of settings) {
        assert.ok(
          shown.includes(`--${name}`) &&
            shown.includes(variableOf(name)) &&
            shown.includes(fallback) &&
            shown.includes(help),
          name,
        );
      }
    }
    assert.equal(settingsTable().trim().split('\n').length, settings.length + 2);
  });

  test('a word with one typing mistake finds its setting', () => {
    const names = settings.map(([, { name }]) => name);
    fc.assert(
      fc.property(fc.constantFrom(...names.filter((name) => name.length > 6)), fc.nat(), (name, at) => {
        const cut = at % name.length;
        assert.equal(nearest(name.slice(0, cut) + name.slice(cut + 1), names), name);
      }),
    );
  });
});
