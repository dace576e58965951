/**
 * Entry: settings → store → derivation → doors, and their stop in reverse order. The only caller of exit.
 * Commands: serve (default), demo (serve and a generated mesh), replay (send recorded bodies to a collector).
 */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { AppError } from '#shared/error.ts';
import { readConfig, type Config } from './config.ts';
import { createCollector } from './collector.ts';
import { keepHeapSmall } from './heap.ts';
import { tendPages } from './pages.ts';
import { helpText } from './usage.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`throughline: ${error.message}\n`);
  process.exit(1);
}

async function run(args: readonly string[]): Promise<void> {
  const invocation = readConfig(args);
  switch (invocation.command) {
    case 'help':
      process.stdout.write(helpText());
      return;
    case 'version':
      process.stdout.write(`${version}\n`);
      return;
    case 'replay': {
      const { replay } = await import('../fixtures/replay.ts');
      const { to, now, speed } = invocation.config;
      await replay({ dir: invocation.directory, to, now, speed, log: (line) => process.stdout.write(`${line}\n`) });
      return;
    }
    case 'serve':
    case 'demo':
      await serve(invocation.config, invocation.command === 'demo');
  }
}

async function serve(config: Config, demo: boolean): Promise<void> {
  keepHeapSmall();
  tendPages();
  const log = pino({ level: config.logLevel });
  const onEnd = (error: Error): void => {
    log.fatal(error, 'the derivation ended; start the program again, nothing acknowledged is lost');
    process.exit(1);
  };
  const collector = await createCollector({ config, version, log, onEnd });
  const stopping = new AbortController();
  const { otlpHttp, otlpGrpc, listen } = collector.doors;
  log.info({ otlpHttp, otlpGrpc, listen, store: collector.storeUrl }, 'listening');
  const stop = (signal: string): void => {
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
    log.info({ signal }, 'stopping');
    void collector.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(error, 'cannot stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (demo) {
    const { demoGuide, runDemo } = await import('../fixtures/demo.ts');
    process.stdout.write(`${demoGuide(`http://${listen}`)}\n`);
    await runDemo({
      otlpHttp: `http://${otlpHttp}`,
      ratePerSecond: config.demoRate,
      seed: config.demoSeed,
      signal: stopping.signal,
      log: (line) => log.warn(line),
    });
  }
}
