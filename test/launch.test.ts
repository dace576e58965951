/** What `npm start` and `npm test` do before the program runs: the fast parts, in folders made for the test. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

interface Setup {
  isInstalled(root: string): boolean;
  findNode(root?: string): string;
  digestSources(root: string): string;
}
const home = join(import.meta.dirname, '..');
const setup = (await import(pathToFileURL(join(home, 'scripts/setup.js')).href)) as Setup;
const folders: string[] = [];

after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A new folder with the given files: path to content. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'throughline-launch-')));
  folders.push(root);
  for (const [path, content] of Object.entries(files)) write(root, path, content);
  return root;
}

function write(root: string, path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function lockOf(packages: object): string {
  return JSON.stringify({ packages: { '': { name: 'throughline' }, ...packages } });
}

describe('dependencies', () => {
  const lock = lockOf({
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b-darwin': { version: '2.0.0', optional: true },
  });

  test('they are missing without node_modules', () => {
    assert.equal(setup.isInstalled(folderOf({ 'package-lock.json': lock })), false);
  });

  test('they are there when every version is that of the lock file, binaries of other platforms apart', () => {
    const found = lockOf({ 'node_modules/a': { version: '1.0.0' } });
    assert.equal(
      setup.isInstalled(folderOf({ 'package-lock.json': lock, 'node_modules/.package-lock.json': found })),
      true,
    );
  });

  test('they are missing when the lock file asks for another version, even of an optional one', () => {
    const old = lockOf({ 'node_modules/a': { version: '0.9.0' } });
    assert.equal(
      setup.isInstalled(folderOf({ 'package-lock.json': lock, 'node_modules/.package-lock.json': old })),
      false,
    );
    const oldBinary = lockOf({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/b-darwin': { version: '1.0.0' } });
    const root = folderOf({ 'package-lock.json': lock, 'node_modules/.package-lock.json': oldBinary });
    assert.equal(setup.isInstalled(root), false);
  });
});

describe('the Node that runs the program', () => {
  test('is the packaged one', () => {
    assert.equal(setup.findNode(), join(home, 'node_modules/node/bin/node'));
  });

  test('is fetched by its package when the package came without it', () => {
    const script = `require('fs').mkdirSync('bin'); require('fs').symlinkSync(${JSON.stringify(process.execPath)}, 'bin/node');`;
    const root = folderOf({
      'node_modules/node/package.json': '{"version":"24.0.0"}',
      'node_modules/node/installArchSpecificPackage.js': script,
    });
    assert.equal(setup.findNode(root), join(root, 'node_modules/node/bin/node'));
  });

  test('is the running one when the packaged one cannot be had', () => {
    const root = folderOf({
      'node_modules/node/package.json': '{"version":"24.0.0"}',
      'node_modules/node/installArchSpecificPackage.js': 'process.exit(1)',
      'node_modules/node/bin/node': 'no binary for this platform',
    });
    assert.equal(setup.findNode(root), process.execPath);
  });
});

test('the pages are stale when a source changes, and not when the build does', () => {
  const root = folderOf({ 'ui/app.css': 'a', 'shared/time.ts': 'b', 'ui/build/index.html': 'c' });
  const before = setup.digestSources(root);
  write(root, 'ui/build/index.html', 'd');
  assert.equal(setup.digestSources(root), before);
  write(root, 'shared/time.ts', 'c');
  const changed = setup.digestSources(root);
  assert.notEqual(changed, before);
  write(root, 'ui/new/page.svelte', '');
  assert.notEqual(setup.digestSources(root), changed);
});

describe('npm start', () => {
  /** A clone in which everything is set up, with the given program. */
  function cloneWith(program: string): string {
    const lock = lockOf({ 'node_modules/node': { version: '24.0.0' } });
    const root = folderOf({
      'package.json': '{"type":"module"}',
      'package-lock.json': lock,
      'node_modules/.package-lock.json': lock,
      'ui/app.css': '',
      'ui/build/200.html': '',
      'collector/main.ts': program,
    });
    cpSync(join(home, 'scripts'), join(root, 'scripts'), { recursive: true });
    cpSync(join(home, 'bin'), join(root, 'bin'), { recursive: true });
    symlinkSync(join(home, 'node_modules/node'), join(root, 'node_modules/node'));
    write(root, '.cache/pages.sha256', setup.digestSources(root));
    return root;
  }

  for (const entry of ['scripts/run.js', 'bin/throughline.js']) {
    test(`${entry} runs the program with the arguments and the folder it was called in, and gives its exit code`, async () => {
      const root = cloneWith(
        'console.log(JSON.stringify([process.argv.slice(2), process.cwd()])); process.exitCode = 7 as number;',
      );
      const cwd = folderOf({});
      const child = spawn(process.execPath, [join(root, entry), 'demo', '--listen', '127.0.0.1:0'], { cwd });
      let output = '';
      child.stdout.on('data', (part: Buffer) => (output += part.toString()));
      const [code] = (await once(child, 'close')) as [number];
      assert.deepEqual(JSON.parse(output), [['demo', '--listen', '127.0.0.1:0'], cwd]);
      assert.equal(code, 7);
    });
  }

  test('tells the allocators to give free memory back, unless the environment says otherwise', async () => {
    const root = cloneWith(
      'console.log(process.env.MALLOC_TRIM_THRESHOLD_, process.env.JE_MALLOC_CONF, process.env.GIVEN);',
    );
    const outputWith = async (given: Record<string, string>): Promise<string> => {
      const child = spawn(process.execPath, [join(root, 'scripts/run.js')], { env: { ...process.env, ...given } });
      let output = '';
      child.stdout.on('data', (part: Buffer) => (output += part.toString()));
      await once(child, 'close');
      return output;
    };
    assert.equal(await outputWith({ GIVEN: 'kept' }), '131072 dirty_decay_ms:1000,narenas:2 kept\n');
    assert.equal(await outputWith({ GIVEN: 'kept', JE_MALLOC_CONF: 'narenas:1' }), '131072 narenas:1 kept\n');
  });

  test('keeps what Node makes of the sources for the next start', async () => {
    const root = cloneWith('process.exitCode = 0 as number;');
    const { NODE_COMPILE_CACHE: _, ...env } = process.env;
    await once(spawn(process.execPath, [join(root, 'scripts/run.js')], { env }), 'close');
    assert.ok(readdirSync(join(root, '.cache', 'node'), { recursive: true }).length > 1);
  });

  test('hands SIGTERM to the program and waits for it', async () => {
    const root = cloneWith(
      "setInterval(() => {}, 1000); process.on('SIGTERM', () => setTimeout(() => process.exit(5), 100)); console.log('up');",
    );
    const child = spawn(process.execPath, [join(root, 'scripts/run.js')]);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'close'), [5, null]);
  });

  test('ends the program when npm is ended, which tells only the shell in between', async () => {
    const root = cloneWith(
      `process.on('SIGTERM', () => { console.log('bye'); setTimeout(process.exit, 600); });
       setInterval(() => {}, 1000);
       console.log('up');`,
    );
    const env = { ...process.env, npm_lifecycle_event: 'start' };
    // The trailing command keeps the shell from becoming the script.
    const command = `"${process.execPath}" scripts/run.js; true`;
    const shell = spawn('/bin/sh', ['-c', command], { cwd: root, env });
    let output = '';
    shell.stdout.on('data', (part: Buffer) => (output += part.toString()));
    await once(shell.stdout, 'data');
    shell.kill('SIGTERM');
    await once(shell.stdout, 'close');
    assert.equal(output, 'up\nbye\n');
  });

  test('says in one line what cannot be done', async () => {
    const root = cloneWith('');
    rmSync(join(root, 'package-lock.json'));
    const child = spawn(process.execPath, [join(root, 'scripts/run.js')]);
    let output = '';
    child.stderr.on('data', (part: Buffer) => (output += part.toString()));
    assert.deepEqual(await once(child, 'close'), [1, null]);
    assert.equal(output, `cannot find package-lock.json in ${root}\n`);
  });
});
