/**
 * Makes a fresh clone runnable with any Node >= 20 and npm: installs what package-lock.json names, sees to the Node that
 * runs the program (npm package `node`), builds the pages. Each step looks first and does nothing when it is done.
 * Plain JavaScript without dependencies, because it runs before there are any. Says what it does on standard error.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the program. */
export const home = dirname(dirname(fileURLToPath(import.meta.url)));

/** Major version of Node that runs TypeScript as it is and knows zstd. */
const wantedMajor = 24;
const windows = process.platform === 'win32';

/** What went wrong, for people: no stack is shown. */
export class SetupError extends Error {}

/** Installs the dependencies when some are missing or of another version than package-lock.json says. */
export function installDependencies(root = home) {
  if (isInstalled(root)) return;
  say('Installing dependencies; this is done once and takes about a minute.');
  // No package needs its install script: the one of `node` is replaced by findNode, the others do nothing or warn.
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const clean = npm(['ci', ...flags], root);
  if (clean.status !== 0) {
    // Some registries lack binaries of other platforms; then the lock file lacks them too, and npm ci, not install, minds.
    const again = npm(['install', '--no-save', ...flags], root);
    if (again.status !== 0) {
      process.stderr.write(`${clean.output}${again.output}`);
      throw new SetupError('cannot install the dependencies: see what npm says above');
    }
  }
  if (!isInstalled(root)) throw new SetupError('cannot install the dependencies: npm ended well, but some are missing');
}

/** Whether node_modules holds the versions of package-lock.json; optional ones may be missing (other platforms). */
export function isInstalled(root) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const found = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === undefined) throw new SetupError(`cannot find package-lock.json in ${root}`);
  if (found === undefined) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || found[path]?.version === version || (found[path] === undefined && (optional || devOptional)),
  );
}

/**
 * The Node that runs the program: the packaged one, fetched when its package came without it (npm may be told not to run
 * install scripts), else the running one when it is new enough.
 */
export function findNode(root = home) {
  const folder = join(root, 'node_modules', 'node');
  const packaged = join(folder, 'bin', windows ? 'node.exe' : 'node');
  if (runs(packaged)) return packaged;
  if (existsSync(join(folder, 'package.json'))) {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    say(`Fetching Node ${version}, which runs the program; this is done once.`);
    // The package's own way to get the binary of this platform from npm, left out by --ignore-scripts.
    spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
      cwd: folder,
      stdio: 'ignore',
      env: npmEnvironment(),
    });
    if (runs(packaged)) return packaged;
  }
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= wantedMajor) return process.execPath;
  throw new SetupError(
    `cannot run on Node ${process.versions.node}: Node ${wantedMajor} could not be fetched from npm for ` +
      `${process.platform} ${process.arch}; install Node ${wantedMajor} and start again`,
  );
}

/** Builds the pages when their sources are not those of the last build. */
export function buildPages(node, root = home) {
  const target = join(root, 'ui', 'build');
  const stamp = join(root, '.cache', 'pages.sha256');
  const wanted = digestSources(root);
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('Building the pages.');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const built = spawnSync(node, [vite, 'build', '--logLevel', 'warn'], { cwd: root, encoding: 'utf8' });
  if (built.status !== 0 || !existsSync(target)) {
    process.stderr.write(`${built.stdout ?? ''}${built.stderr ?? ''}`);
    throw new SetupError('cannot build the pages: see above');
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** Digest of everything the pages are made of. */
export function digestSources(root) {
  const hash = createHash('sha256');
  for (const part of ['ui', 'shared', 'svelte.config.js', 'vite.config.ts', 'package-lock.json']) {
    for (const path of filesUnder(root, part))
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(root, path)))
        .update('\0');
  }
  return hash.digest('hex');
}

/**
 * Runs a command to its end with the terminal of this process and hands signals on.
 * out: its exit code; 128 + number when a signal ended it.
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    let told = false;
    const handOn = (signal) => {
      told = true;
      // At a terminal Ctrl-C reaches the child by itself, and a second one would mean "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, handOn);
    const watch = watchNpm(() => told || handOn('SIGTERM'));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, handOn);
      clearInterval(watch);
      resolve(code ?? 128 + (signalNumbers[signal] ?? 0));
    });
  });
}

/** Under npm, says when npm is gone: a signal sent to npm ends the shell between it and this process, and nothing else. */
function watchNpm(gone) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  return setInterval(() => process.ppid === parent || gone(), 250);
}

/** Runs an entry point: a SetupError is shown as its message, and the exit code is set. */
export async function entry(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

export function say(message) {
  process.stderr.write(`${message}\n`);
}

/** The environment with the program's own commands first, so that their `env node` is the Node that was found. */
export function commandEnvironment(node, root = home) {
  const path = [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
  return { ...process.env, PATH: path };
}

/**
 * What Node is told when it runs the collector. Bodies live outside the engine's heap: with its usual limits they make it
 * mark a small heap several times a second. When it does so then is up to the collector (collector/heap.ts). The young part of
 * each thread's heap otherwise grows to 64 MiB under load, for the same time in collections. Node's own code goes onto large
 * pages where the system has them: that is worth a tenth of a busy collector's time (decision 31).
 */
export const collectorFlags = [
  '--initial-old-space-size=256',
  '--max-semi-space-size=4',
  '--expose-gc',
  '--use-largepages=silent',
];

/**
 * The environment of the collector: what its allocators and Node read before a program runs, unless the given one says otherwise.
 * Large blocks come and go with each body and commit, and what is free shall be the system's again.
 */
export function collectorEnvironment(given = process.env) {
  return {
    // glibc: large blocks are mapped ones, whatever was freed before, and threads share two heaps.
    MALLOC_ARENA_MAX: '2',
    MALLOC_MMAP_THRESHOLD_: '131072',
    MALLOC_TRIM_THRESHOLD_: '131072',
    // The store's allocator keeps free pages a second, not five, in two places, not four a core; keeping none costs it half its CPU again.
    JE_MALLOC_CONF: 'dirty_decay_ms:1000,narenas:2',
    // What Node makes of the sources: a second start need not, with a quarter less CPU and 9 MiB less.
    NODE_COMPILE_CACHE: join(home, '.cache', 'node'),
    ...given,
  };
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };

/** Runs npm. out: its exit code and all it said. */
function npm(args, cwd) {
  // Under `npm start` this is the npm that was called, whatever the PATH says.
  const script = process.env.npm_execpath;
  const options = { cwd, encoding: 'utf8', env: npmEnvironment() };
  const done = script?.endsWith('.js')
    ? spawnSync(process.execPath, [script, ...args], options)
    : spawnSync('npm', args, { ...options, shell: windows });
  if (done.error !== undefined) throw new SetupError(`cannot run npm: ${done.error.message}`);
  return { status: done.status, output: `${done.stdout}${done.stderr}` };
}

/** The environment without what would leave out development packages or the platform's own. */
function npmEnvironment() {
  const { NODE_ENV: _environment, npm_config_omit: _omit, npm_config_global: _global, ...rest } = process.env;
  return rest;
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function runs(node) {
  if (!existsSync(node)) return false;
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return Number(/^v(\d+)\./.exec(stdout ?? '')?.[1] ?? 0) >= wantedMajor;
}

function filesUnder(root, part) {
  if (!existsSync(join(root, part))) return [];
  if (/\.[a-z]+$/.test(part)) return [part];
  return readdirSync(join(root, part), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .filter((path) => !path.startsWith(join('ui', 'build') + sep))
    .sort();
}
