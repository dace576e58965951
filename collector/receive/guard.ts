/**
 * Who may send: the bearer token of a door, and its TLS with or without client certificates. A token is compared in
 * constant time and only behind the scheme Bearer.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppError, quoted } from '#shared/error.ts';

/** Checks an Authorization header. errors: AppError unauthenticated. */
export type CheckToken = (authorization: string | undefined) => void;

/** in: the token; '' = the door asks for none. */
export function createTokenCheck(token: string): CheckToken {
  if (token === '') return () => {};
  const expected = digest(token);
  return (authorization) => {
    const shown = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1];
    // Digests have one length whatever was shown, which timingSafeEqual needs.
    if (shown === undefined || !timingSafeEqual(digest(shown), expected)) {
      throw new AppError('unauthenticated', 'cannot take spans: no valid bearer token was sent');
    }
  };
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}

/** Contents of the PEM files; `clientCa` absent: senders need no certificate. */
export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer | undefined;
}

/** Reads the PEM files of the settings. out: undefined = plain text. errors: AppError bad-request naming the file. */
export function readTls(files: {
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly tlsClientCa: string;
}): Tls | undefined {
  if (files.tlsCert === '') return undefined;
  return {
    cert: readPem(files.tlsCert),
    key: readPem(files.tlsKey),
    clientCa: files.tlsClientCa === '' ? undefined : readPem(files.tlsClientCa),
  };
}

/** The TLS of the readers' door: a read token stands in for the client certificate, which browsers rarely have. */
export function forReaders(tls: Tls | undefined, readToken: string): Tls | undefined {
  return tls === undefined || readToken === '' ? tls : { ...tls, clientCa: undefined };
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AppError('bad-request', `cannot read file ${quoted(path)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
