/**
 * Which attribute values are secrets and must not reach the store: values of keys named like credentials, user
 * and password within URLs, secret URL parameters; on option every query string. The decoder applies it to attributes of
 * spans, events, links, resources and scopes alike; keys are asked once each.
 */
import { type Redaction, redacted } from '../decode/cursor.ts';

export interface RedactConfig {
  /** False stores everything as it was sent. */
  readonly enabled: boolean;
  /** Whole attribute keys to hide besides the built-in rules, lower case. */
  readonly hide: readonly string[];
  /** Whole attribute keys to keep although the built-in rules would hide them, lower case. */
  readonly keep: readonly string[];
  /** Drop query strings of URLs altogether. */
  readonly dropQuery: boolean;
}

export const defaultRedactConfig: RedactConfig = { enabled: true, hide: [], keep: [], dropQuery: false };

/** Words that make a key secret wherever they stand in it: `http.request.header.cookie`, `cookie.session`. */
const anywhere = new Set([
  'authorization',
  'cookie',
  'cookies',
  'password',
  'passwd',
  'passphrase',
  'apikey',
  'jwt',
  'credentials',
]);
/** Words that do so only at its end: `auth.token`, but not `token.count` or `k8s.secret.name`. */
const atEnd = new Set(['token', 'secret', 'pwd', 'credential']);
/** Pairs at its end: `x-api-key`, `private_key`. */
const keyKinds = new Set(['api', 'private', 'access', 'secret', 'signing', 'encryption']);

/** URL parameters that are secrets besides those named like secret keys. source: semantic conventions, url.query. */
const signatures = new Set([
  'awsaccesskeyid',
  'signature',
  'sig',
  'x-amz-signature',
  'x-amz-credential',
  'x-goog-signature',
  'auth',
]);

const urlKeys =
  /(^|[._])(url|uri|referer|referrer|location|endpoint)$|^(url\.full|http\.target|url\.path|url\.original)$|connection_string$/;

/** The rules for one configuration. */
export function createRedaction(config: RedactConfig = defaultRedactConfig): Redaction {
  return {
    dropQuery: config.dropQuery,
    key(name) {
      const key = name.trim().toLowerCase();
      if (!config.enabled || config.keep.includes(key)) return 'keep';
      if (config.hide.includes(key) || isSecretName(name)) return 'hide';
      if (key === 'url.query') return 'query';
      return urlKeys.test(key) ? 'url' : 'keep';
    },
    parameter: (name) => config.enabled && isSecretParameter(name),
    url: (url, isQuery) => (config.enabled ? cleanUrl(url, isQuery, config.dropQuery) : url),
  };
}

/** Whether a key is named like a credential: by its words, split at punctuation and at changes of case. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  if (words.some((word) => anywhere.has(word))) return true;
  const last = words.at(-1) ?? '';
  if (atEnd.has(last)) return true;
  return last === 'key' && keyKinds.has(words.at(-2) ?? '');
}

function isSecretParameter(name: string): boolean {
  return signatures.has(name.trim().toLowerCase()) || isSecretName(name);
}

/** A URL without user, password and secret parameters; other parts stay byte for byte. */
function cleanUrl(url: string, isQuery: boolean, dropQuery: boolean): string {
  const queryAt = isQuery ? -1 : url.indexOf('?');
  const head = isQuery ? '' : queryAt === -1 ? url : url.slice(0, queryAt);
  const query = isQuery ? url : queryAt === -1 ? '' : url.slice(queryAt + 1);
  const cleanHead = head.replace(/^(\s*(?:[a-z][a-z0-9+.-]*:)?)\/\/[^/#]*@/i, (_, scheme: string) => {
    return `${scheme}//${redacted}:${redacted}@`;
  });
  if (isQuery) return dropQuery ? '' : cleanQuery(query);
  if (queryAt === -1) return cleanHead;
  if (!dropQuery) return `${cleanHead}?${cleanQuery(query)}`;
  const fragmentAt = query.indexOf('#');
  return cleanHead + (fragmentAt === -1 ? '' : query.slice(fragmentAt));
}

function cleanQuery(query: string): string {
  return query.replace(/(^|[&;])([^=&;#]*)=([^&;#]*)/g, (whole, before: string, name: string, value: string) => {
    return value !== '' && isSecretParameter(name) ? `${before}${name}=${redacted}` : whole;
  });
}
