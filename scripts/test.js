/**
 * `npm test`: sets up what is missing, then types, lint and format, then every test. With arguments only the tests they
 * name: `npm test -- test/config.test.ts`. All steps are run, so that the end is always the summary of the tests; the
 * exit code tells of them all.
 */
import { join } from 'node:path';
import { buildPages, commandEnvironment, entry, findNode, home, installDependencies, run, say } from './setup.js';

await entry(async () => {
  const named = process.argv.slice(2);
  installDependencies();
  const node = findNode();
  buildPages(node);
  const options = { cwd: home, env: commandEnvironment(node) };
  const script = (...path) => join(home, 'node_modules', ...path);
  const checks = [
    ['types', script('typescript', 'bin', 'tsc'), '-p', '.'],
    [
      'types of the pages',
      script('svelte-check', 'bin', 'svelte-check'),
      '--tsconfig',
      'ui/tsconfig.json',
      '--fail-on-warnings',
    ],
    ['lint', script('oxlint', 'bin', 'oxlint')],
    ['format', script('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  ];
  const failed = [];
  for (const [name, ...command] of named.length > 0 ? [] : checks) {
    say(`Checking ${name}.`);
    if ((await run(node, command, options)) !== 0) failed.push(name);
  }
  if (failed.length > 0) say(`Failed: ${failed.join(', ')}. Now the tests.`);
  const files = named.length > 0 ? named : ['test/**/*.test.ts'];
  const tested = await run(node, ['--test', '--test-reporter=spec', '--test-concurrency=2', ...files], options);
  return tested !== 0 ? tested : Math.min(failed.length, 1);
});
