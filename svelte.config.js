/**
 * SvelteKit: the page is one static bundle in ui/build (the collector serves it, with 200.html for every unknown path).
 * The start script that SvelteKit writes into the HTML is moved to a file, so the page runs under `script-src 'self'`.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import adapterStatic from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

const output = 'ui/build';
const fallback = '200.html';

/** Replaces inline scripts of the page by files with the hash of their content in their name. */
function moveScriptsOut() {
  const page = `${output}/${fallback}`;
  const html = readFileSync(page, 'utf8').replaceAll(/<script>([\s\S]*?)<\/script>/g, (_, body) => {
    const name = `_app/immutable/start.${createHash('sha256').update(body).digest('hex').slice(0, 10)}.js`;
    writeFileSync(`${output}/${name}`, body);
    return `<script src="/${name}"></script>`;
  });
  writeFileSync(page, html);
}

/** @type {import('@sveltejs/kit').Adapter} */
const adapter = {
  name: 'throughline',
  async adapt(builder) {
    await adapterStatic({ pages: output, assets: output, fallback }).adapt(builder);
    moveScriptsOut();
  },
};

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    adapter,
    files: {
      src: 'ui',
      lib: 'ui/part',
      routes: 'ui/routes',
      assets: 'ui/static',
      appTemplate: 'ui/app.html',
      errorTemplate: 'ui/error.html',
    },
    typescript: {
      config: (config) => ({
        ...config,
        include: [...config.include.filter((path) => !path.includes('/test')), '../ui/**/*.svelte.ts'],
      }),
    },
    version: { pollInterval: 0 },
  },
};
