/**
 * Build of the page (`vite build` writes ui/build through svelte.config.js) and its development server, which passes API
 * calls on to a running collector.
 */
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig, type Plugin } from 'vite';

const collector = 'http://127.0.0.1:4319';

/**
 * SvelteKit's own root component hides its page announcer by an inline style, which a strict policy blocks. app.css hides
 * it instead.
 */
const withoutInlineStyle: Plugin = {
  name: 'without-inline-style',
  enforce: 'pre',
  transform: {
    filter: { id: /generated[\\/]root\.svelte$/ },
    handler: (code) => code.replaceAll(/ style="[^"]*"/g, ''),
  },
};

export default defineConfig({
  plugins: [withoutInlineStyle, sveltekit()],
  build: {
    // a data: URL would need a hole in the content security policy
    assetsInlineLimit: 0,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': collector, '/healthz': collector, '/readyz': collector, '/metrics': collector },
  },
});
