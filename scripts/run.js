#!/usr/bin/env node
/**
 * `npm start` and the command `throughline`: sets up what is missing, then runs the collector with the given arguments.
 * `--script FILE …` as the first argument runs that file instead, with the same Node.
 */
import { join } from 'node:path';
import {
  buildPages,
  collectorEnvironment,
  collectorFlags,
  entry,
  findNode,
  home,
  installDependencies,
  run,
} from './setup.js';

/** Words with which the collector shows no pages. */
const pageless = ['replay', 'help', '--help', '-h', 'version', '--version', '-v'];

await entry(async () => {
  const args = process.argv.slice(2);
  installDependencies();
  const node = findNode();
  if (!args.some((word) => pageless.includes(word))) buildPages(node);
  if (args[0] === '--script') return run(node, args.slice(1));
  return run(node, [...collectorFlags, join(home, 'collector', 'main.ts'), ...args], { env: collectorEnvironment() });
});
