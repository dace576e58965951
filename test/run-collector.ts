/**
 * Runs the product as its own process for a test: on loopback, on free ports, in memory unless told otherwise. Waits until
 * it says that it listens.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface RunningCollector {
  /** `host:port` of the doors, '' for one that is off. */
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
  readonly listen: string;
  /** The API's and UI's address: http://… */
  readonly url: string;
  readonly process: ChildProcess;
  /** Everything it has said on standard output and error so far. */
  readonly said: () => string;
  /** Asks it to stop. out: its exit code, when it is gone. */
  stop(): Promise<number | null>;
  /** Ends it as a power cut would. Resolves when it is gone. */
  kill(): Promise<void>;
}

const main = join(import.meta.dirname, '..', 'collector', 'main.ts');
const startMs = 30_000;

/**
 * in: flags behind the command, e.g. ['--store', `chdb:${directory}`]; they win over those of the test. `command` is serve
 * or demo. errors: Error with all the process said when it ends or stays silent instead of listening.
 */
export async function startCollector(flags: readonly string[] = [], command = 'serve'): Promise<RunningCollector> {
  const doors = ['--otlp-http', '127.0.0.1:0', '--otlp-grpc', '127.0.0.1:0', '--listen', '127.0.0.1:0'];
  // A store in memory has a folder, which a power cut leaves behind.
  const temporary = mkdtempSync(join(tmpdir(), 'throughline-test-'));
  const child = spawn(process.execPath, [main, command, '--store', 'chdb::memory:', ...doors, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withoutSettings(process.env), TMPDIR: temporary },
  });
  const lines: string[] = [];
  const said = (): string => lines.join('\n');
  const gone = once(child, 'close').then(([code]) => {
    rmSync(temporary, { recursive: true, force: true });
    return code as number | null;
  });
  const listening = Promise.withResolvers<Record<string, string>>();
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    const message = readLine(line);
    if (message['msg'] === 'listening') listening.resolve(message);
  });
  void gone.then((code) => listening.reject(new Error(`the collector ended with ${code}:\n${said()}`)));
  const timer = setTimeout(() => listening.reject(new Error(`the collector does not listen:\n${said()}`)), startMs);

  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  try {
    const { otlpHttp = '', otlpGrpc = '', listen = '' } = await listening.promise;
    const stop = (): Promise<number | null> => {
      child.kill('SIGTERM');
      return gone;
    };
    return { otlpHttp, otlpGrpc, listen, url: `http://${listen}`, process: child, said, stop, kill };
  } catch (error) {
    await kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function readLine(line: string): Record<string, string> {
  try {
    return JSON.parse(line) as Record<string, string>;
  } catch {
    return {};
  }
}

/** The environment without settings of whoever runs the tests. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('THROUGHLINE_')));
}
