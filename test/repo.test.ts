/** What the repository promises about itself: who imports whom, how long files are, and that the documents do not drift. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { describeMetrics } from '../collector/self.ts';
import { settingsTable } from '../collector/usage.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(ts|svelte|sql|css)$/.test(file));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Which places a place may import from. The first prefix that fits a file is its place. */
const allowed: readonly (readonly [place: string, imports: readonly string[]])[] = [
  ['shared/', ['shared/']],
  ['ui/map/', ['ui/map/', 'ui/part/', 'ui/*', 'shared/']],
  ['ui/trace/', ['ui/trace/', 'ui/part/', 'ui/*', 'shared/']],
  ['ui/search/', ['ui/search/', 'ui/part/', 'ui/*', 'shared/']],
  ['ui/profile/', ['ui/profile/', 'ui/part/', 'ui/*', 'shared/']],
  ['ui/compare/', ['ui/compare/', 'ui/part/', 'ui/*', 'shared/']],
  ['ui/status/', ['ui/status/', 'ui/part/', 'ui/*', 'shared/']],
  ['ui/part/', ['ui/part/', 'ui/*', 'shared/']],
  ['ui/', ['ui/', 'shared/']],
  ['collector/receive/', ['collector/receive/', 'collector/decode/', 'shared/']],
  ['collector/decode/', ['collector/decode/', 'shared/']],
  ['collector/normalise/', ['collector/normalise/', 'collector/decode/', 'shared/']],
  ['collector/store/', ['collector/store/', 'collector/decode/', 'collector/normalise/', 'shared/']],
  ['collector/derive/', ['collector/derive/', 'collector/store/', 'collector/heap.ts', 'shared/']],
  ['collector/serve/', ['collector/serve/', 'collector/store/', 'collector/derive/', 'shared/']],
  ['collector/main.ts', ['collector/', 'fixtures/', 'shared/']],
  ['collector/', ['collector/', 'shared/']],
];

/** Packages that only some files may import. */
const fences: readonly (readonly [pattern: RegExp, places: readonly string[]])[] = [
  [/^(@clickhouse\/client|chdb)/, ['collector/store/db.ts']],
  [/^(hono|@hono\/)/, ['collector/serve/']],
  [/^node:http2/, ['collector/receive/otlp-grpc.ts']],
  [/^@opentelemetry\//, ['collector/self.ts']],
  [/^node:/, ['collector/', 'scripts/', 'fixtures/', 'bench/']],
];

/** Longer than 400 lines, with the reason. */
const longFiles: Readonly<Record<string, string>> = {};

const imports = (file: string): string[] =>
  Array.from(read(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g), (match) => match[1] ?? '');

test('imports go along the way of the data only', () => {
  const wrong: string[] = [];
  for (const file of files) {
    const rule = allowed.find(([place]) => file.startsWith(place));
    if (rule === undefined) continue;
    for (const name of imports(file)) {
      const path = name.startsWith('#shared/')
        ? name.slice(1)
        : name.startsWith('.')
          ? normalize(join(dirname(file), name))
          : undefined;
      if (path === undefined) continue;
      const fits = rule[1].some((place) =>
        place.endsWith('/*') ? dirname(path) === place.slice(0, -2) : path.startsWith(place),
      );
      if (!fits && !/\.(sql|json|css)$/.test(path) && !path.startsWith('node_modules'))
        wrong.push(`${file} -> ${path}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('each fenced package has one place that imports it', () => {
  const wrong: string[] = [];
  for (const file of files.filter((name) => /^(shared|collector|ui)\//.test(name))) {
    for (const name of imports(file)) {
      for (const [pattern, places] of fences) {
        if (pattern.test(name) && !places.some((place) => file.startsWith(place)))
          wrong.push(`${file} imports ${name}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('process.env is read by config.ts only, and only main.ts exits', () => {
  const collector = files.filter((file) => file.startsWith('collector/'));
  const env = collector.filter((file) => /process\.env/.test(read(file)) && file !== 'collector/config.ts');
  const exits = collector.filter((file) => /process\.exit\(/.test(read(file)) && file !== 'collector/main.ts');
  assert.deepEqual({ env, exits }, { env: [], exits: [] });
});

test('no file is longer than 400 lines without a reason', () => {
  const long = files.filter((file) => !(file in longFiles) && read(file).split('\n').length > 401);
  assert.deepEqual(long, []);
});

test('the README lists every setting as --help does', () => {
  const readme = read('README.md');
  for (const line of settingsTable().trim().split('\n')) assert.ok(readme.includes(line), `README.md lacks: ${line}`);
});

test('docs/metrics.md lists every metric', () => {
  const page = read('docs/metrics.md');
  const missing = describeMetrics().filter(({ name }) => !page.includes(`\`${name}\``));
  assert.deepEqual(missing, []);
});

test('docs/dependencies.md names every dependency', () => {
  const page = read('docs/dependencies.md');
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >;
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
  assert.deepEqual(
    names.filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

test('dependencies have exact versions and no download address', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  for (const group of ['dependencies', 'optionalDependencies', 'devDependencies']) {
    for (const [name, version] of Object.entries(manifest[group] ?? {})) assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
  assert.doesNotMatch(read('package-lock.json'), /"resolved": "http/);
});
