/**
 * Who may read, and how a browser must treat what it reads: Host check against DNS rebinding, the read token, security
 * headers. Spans hold strangers' text; the policy lets the page run only its own scripts and talk only to its own origin.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { AppError, quoted } from '#shared/error.ts';
import type { ServeConfig } from './deps.ts';

/** Names under which a browser on this machine may ask a door that listens on loopback only. */
const loopbackHost = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** A page of another site whose name points to 127.0.0.1 must not reach us. No check on other addresses: the token guards. */
export function checkHost(host: string): MiddlewareHandler {
  const onLoopback = host === '::1' || loopbackHost.test(host);
  return async (c, next) => {
    const asked = c.req.header('host') ?? '';
    if (onLoopback && !loopbackHost.test(asked)) {
      throw new AppError('forbidden', `cannot answer for host "${quoted(asked)}": ask for localhost`);
    }
    await next();
  };
}

/**
 * The token as `Authorization: Bearer`, or as the password of Basic, which lets a browser ask for it and then send it with
 * everything, event streams and frames included. '' = none is needed.
 */
export function checkToken(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async (c, next) => {
    if (token !== '' && !timingSafeEqual(digest(shownToken(c.req.header('authorization'))), expected)) {
      c.header('www-authenticate', 'Basic realm="Throughline: any name, the read token as password", charset="UTF-8"');
      throw new AppError('unauthenticated', 'cannot answer: no valid token was sent');
    }
    await next();
  };
}

function shownToken(authorization: string | undefined): string {
  const [, scheme = '', value = ''] = /^(Bearer|Basic) +([\x21-\x7e]+)$/i.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  const pair = Buffer.from(value, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1);
}

/** Digests have one length whatever was shown, which timingSafeEqual needs. */
function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}

/** in: sources of `script-src` beside 'self' (hashes of the page's inline scripts). */
export function securityHeaders(
  config: Pick<ServeConfig, 'frameAncestors'>,
  scripts: readonly string[],
): MiddlewareHandler {
  const ancestors = config.frameAncestors.join(' ') || "'none'";
  const policy = [
    "default-src 'self'",
    `script-src 'self' ${scripts.join(' ')}`.trim(),
    // Style attributes only: what a chart positions. They can load nothing that img-src does not allow.
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    `frame-ancestors ${ancestors}`,
  ].join('; ');
  const frameOptions = ancestors === "'none'" ? 'DENY' : ancestors === "'self'" ? 'SAMEORIGIN' : undefined;
  return async (c, next) => {
    await next();
    c.header('content-security-policy', policy);
    // For browsers that do not know frame-ancestors; a list of origins cannot be said with it.
    if (frameOptions !== undefined) c.header('x-frame-options', frameOptions);
    c.header('x-content-type-options', 'nosniff');
    c.header('referrer-policy', 'no-referrer');
    c.header('cross-origin-resource-policy', 'same-origin');
  };
}
