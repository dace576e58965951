/**
 * The built page: every file of ui/build, read once at start and served from memory, so a path can name nothing else. Paths
 * without a file get the page itself, which routes in the browser. Compressed once, when first asked for.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import type { Context } from 'hono';
import { encodingOf, leastLength } from './compressed.ts';

export interface Pages {
  /** CSP sources of the page's inline scripts. */
  readonly scripts: readonly string[];
  /** The file of the request's path, or the page. */
  answer(c: Context): Promise<Response>;
}

interface File {
  readonly body: Buffer<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly immutable: boolean;
  readonly packed: Map<Encoding, Promise<Buffer<ArrayBuffer>>>;
}

type Encoding = 'br' | 'gzip';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

const notBuilt = `<!doctype html><meta charset="utf-8"><title>Throughline</title>
<p>The page is not built. Run <code>npm run build</code>; the API is at <a href="/api/openapi.json">/api/openapi.json</a>.`;

/** in: the directory of the build; absent or empty: every page says how to build it. */
export function readPages(directory: string | undefined): Pages {
  const files = directory === undefined ? new Map<string, File>() : readFiles(directory);
  const page = files.get('/200.html') ?? files.get('/index.html') ?? toFile('/index.html', Buffer.from(notBuilt));
  const scripts = [...files.values()]
    .filter(({ type }) => type.startsWith('text/html'))
    .flatMap(({ body }) => inlineScripts(body));
  return {
    scripts: [...new Set(scripts)],
    async answer(c) {
      const file = files.get(c.req.path) ?? files.get(`${c.req.path.replace(/\/$/, '')}/index.html`);
      // A missing script must not be answered with the page: the browser would run into its first "<".
      if (file === undefined && extname(c.req.path) !== '' && types[extname(c.req.path)] !== undefined) {
        return c.text('not found', 404);
      }
      return send(c, file ?? page);
    },
  };
}

async function send(c: Context, file: File): Promise<Response> {
  c.header('cache-control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  c.header('etag', file.etag);
  c.header('vary', 'accept-encoding');
  if (c.req.header('if-none-match')?.includes(file.etag)) return c.body(null, 304);
  c.header('content-type', file.type);
  const encoding =
    file.body.length < leastLength || /^image\/(?!svg)|^font\//.test(file.type)
      ? undefined
      : encodingOf(c, ['br', 'gzip']);
  if (encoding === undefined) return c.body(file.body);
  let packed = file.packed.get(encoding);
  if (packed === undefined) {
    packed = pack(file.body, encoding);
    file.packed.set(encoding, packed);
  }
  c.header('content-encoding', encoding);
  return c.body(await packed);
}

async function pack(body: Buffer, encoding: Encoding): Promise<Buffer<ArrayBuffer>> {
  const packed =
    encoding === 'br'
      ? await promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
      : await promisify(gzip)(body);
  return packed as Buffer<ArrayBuffer>;
}

function readFiles(directory: string): Map<string, File> {
  const files = new Map<string, File>();
  let entries;
  try {
    entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return files;
    throw error;
  }
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const at = join(entry.parentPath, entry.name);
    const path = `/${relative(directory, at).split(sep).join('/')}`;
    files.set(path, toFile(path, readFileSync(at)));
  }
  return files;
}

function toFile(path: string, body: Buffer<ArrayBuffer>): File {
  return {
    body,
    type: types[extname(path)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    immutable: path.includes('/immutable/'),
    packed: new Map(),
  };
}

/** CSP sources of the scripts that stand in a page of our own build; each is hashed as it stands between its tags. */
function inlineScripts(body: Buffer): string[] {
  const scripts = body.toString().matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/gi);
  return Array.from(scripts, ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
}
