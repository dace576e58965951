/** The read side's listener: createApp on a socket, with bounds on how long and how many. */
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { AppError, quoted } from '#shared/error.ts';
import { createApp } from './app.ts';
import type { ServeDeps } from './deps.ts';

export interface Api {
  /** `host:port` as bound. */
  readonly address: string;
  readonly url: string;
  readonly liveClients: number;
  /** Ends event streams, lets running answers end for a moment, then closes. */
  close(): Promise<void>;
}

export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Present: readers must show a certificate of this CA. */
  readonly clientCa?: Buffer | undefined;
}

/** How long running answers may take to end. */
const closeGraceMs = 2000;

/** Listens on config.listen. errors: unavailable when the address is taken or not ours. */
export async function createApi(deps: ServeDeps, tls?: Tls): Promise<Api> {
  const { listen, maxConnections } = deps.config;
  const served = createApp(deps);
  const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 };
  const server = createAdaptorServer({
    fetch: served.app.fetch,
    ...(tls === undefined
      ? { serverOptions: timeouts }
      : {
          createServer: createTlsServer,
          serverOptions: {
            ...timeouts,
            cert: tls.cert,
            key: tls.key,
            ...(tls.clientCa && { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          },
        }),
  }) as Server;
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new AppError('unavailable', `cannot listen on ${quoted(`${listen.host}:${listen.port}`)}: ${cause.message}`, {
          cause,
        }),
      ),
    );
    server.listen(listen.port, listen.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const address = `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}`;
  return {
    address,
    url: `${tls === undefined ? 'http' : 'https'}://${address}`,
    get liveClients() {
      return served.liveClients;
    },
    async close() {
      served.close();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      // Connections turn idle one by one as their answers end.
      const idle = setInterval(() => server.closeIdleConnections(), 20);
      const cut = setTimeout(() => server.closeAllConnections(), closeGraceMs);
      await closed;
      clearInterval(idle);
      clearTimeout(cut);
    },
  };
}
