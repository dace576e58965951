/**
 * The OTLP/HTTP door (OTLP 1.11): POST /v1/traces in protobuf or JSON. A plain node:http server, because Envoy sends many
 * tiny bodies and never retries: connections are kept longer than Envoy keeps them, whatever can be refused is refused
 * before the body is read, and 200 goes out only when the spans are durable.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AppError, errorCodes, quoted } from '#shared/error.ts';
import { statusBody, successBody, toAppError, type Encoding, type Receipt } from './answer.ts';
import { cannotOpen, requestTimeoutMs, type Door, type DoorAddress, type DoorOptions } from './door.ts';
import { createTokenCheck } from './guard.ts';
import { inflate, parseCoding } from './inflate.ts';
import { readBody, retryAfterSeconds, tooLarge } from './limits.ts';

export interface HttpDoorOptions extends DoorOptions {
  /** Origins whose pages may send; requests of any other page are refused. */
  readonly corsOrigins?: readonly string[];
  /** Takes a Zipkin v2 body (a JSON list of spans), answered 202 as Zipkin does. Absent: there is no such path. */
  readonly receiveZipkin?: (body: Uint8Array) => Promise<Receipt>;
}

const tracesPath = '/v1/traces';
const zipkinPath = '/api/v2/spans';
const nothing = Buffer.alloc(0);
const contentTypes = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;
const bothTypes: readonly Encoding[] = ['protobuf', 'json'];
const jsonOnly: readonly Encoding[] = ['json'];
/** Envoy keeps idle upstream connections for an hour; one we close first may take a body with it. */
const keepAliveMs = 65 * 60_000;

/** Opens the door. errors: AppError unavailable when the address cannot be had. */
export async function createOtlpHttp(options: HttpDoorOptions): Promise<Door> {
  const { tls, budget, maxBodyBytes, receive, meter } = options;
  const checkToken = createTokenCheck(options.token);
  const origins = new Set(options.corsOrigins ?? []);
  let closing = false;

  const paths = options.receiveZipkin === undefined ? [tracesPath] : [tracesPath, zipkinPath];

  const take = async (
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    expects: boolean,
  ): Promise<void> => {
    const { receiveZipkin } = options;
    const held = budget.open();
    let encoding: Encoding = 'json';
    try {
      const { headers } = request;
      encoding = parseEncoding(headers['content-type'], path === zipkinPath ? jsonOnly : bothTypes);
      checkToken(headers.authorization);
      const coding = parseCoding(headers['content-encoding']);
      if (closing) throw new AppError('unavailable', 'cannot take spans: the collector is closing');
      const announced = Number(headers['content-length'] ?? 0);
      if (announced > maxBodyBytes) throw tooLarge();
      budget.check(announced);
      if (expects) response.writeContinue();
      const sent = await readBody(request, maxBodyBytes, held);
      const body = coding === undefined ? sent : await inflate(sent, coding, maxBodyBytes, held);
      meter.received('http', encoding, body.length);
      if (path === zipkinPath && receiveZipkin !== undefined) {
        await receiveZipkin(body);
        return answer(response, 202, nothing, encoding);
      }
      answer(response, 200, successBody(await receive(body, encoding), encoding), encoding);
    } catch (error) {
      refuse(response, error, encoding);
    } finally {
      held.release();
    }
  };

  const refuse = (response: ServerResponse, error: unknown, encoding: Encoding): void => {
    const known = toAppError(error);
    if (known !== error) options.onBug(error);
    meter.refused('http', known.code);
    if (known.code === 'unavailable') response.setHeader('Retry-After', retryAfterSeconds);
    if (known.code === 'unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer');
    answer(response, errorCodes[known.code].http, statusBody(known, encoding), encoding);
  };

  const answer = (response: ServerResponse, status: number, body: Buffer, encoding: Encoding): void => {
    if (response.destroyed) return;
    if (closing) response.shouldKeepAlive = false;
    response.writeHead(status, { 'Content-Type': contentTypes[encoding], 'Content-Length': body.length });
    // Without a body the head goes out as one string.
    if (body.length === 0) response.end();
    else response.end(body);
  };

  const route = (request: IncomingMessage, response: ServerResponse, expects: boolean): void => {
    // A sender that goes away while it is answered is its own matter.
    response.on('error', () => {});
    const path = pathOf(request.url ?? '/');
    const { origin } = request.headers;
    if (origin !== undefined) {
      if (!origins.has(origin)) {
        return refuse(response, new AppError('forbidden', `cannot take spans of page ${quoted(origin)}`), 'json');
      }
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Vary', 'Origin');
      if (request.method === 'OPTIONS' && paths.includes(path)) return preflight(response);
    }
    if (paths.includes(path)) {
      if (request.method === 'POST') return void take(request, response, path, expects);
      response.setHeader('Allow', 'POST');
      const reason = `cannot ${quoted(request.method)} ${path}: spans are sent by POST`;
      return refuse(response, new AppError('method-not-allowed', reason), 'json');
    }
    if (path === '/' && (request.method === 'GET' || request.method === 'HEAD')) return hint(response);
    const reason = `cannot find ${quoted(path)}: this door takes traces only, by POST ${paths.join(' and ')}`;
    refuse(response, new AppError('not-found', reason), encodingOf(request.headers['content-type']) ?? 'json');
  };

  const timeouts = { headersTimeout: 10_000, requestTimeout: requestTimeoutMs, connectionsCheckingInterval: 5_000 };
  const socketOptions = { ...timeouts, keepAlive: true, keepAliveInitialDelay: 60_000, keepAliveTimeout: keepAliveMs };
  const server: Server =
    tls === undefined
      ? createServer(socketOptions)
      : createTlsServer({
          ...socketOptions,
          cert: tls.cert,
          key: tls.key,
          ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
        });
  server.maxConnections = options.maxConnections;
  server.on('request', (request, response) => route(request, response, false));
  server.on('checkContinue', (request, response) => route(request, response, true));
  server.on('drop', () => meter.dropped('http'));
  const address = await listen(server, options.address);
  return {
    address,
    async close(graceMs = 5000) {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      server.closeIdleConnections();
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Starts to listen. out: the address with the port the system gave. errors: AppError unavailable. */
function listen(server: Server, { host, port }: DoorAddress): Promise<DoorAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotOpen('OTLP/HTTP', { host, port }, error)));
    server.listen({ host, port, backlog: 1024 }, () => {
      resolve({ host, port: (server.address() as AddressInfo).port });
    });
  });
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** Encoding by media type, parameters ignored. errors: AppError unsupported when it is not among those wanted. */
function parseEncoding(contentType: string | undefined, wanted: readonly Encoding[]): Encoding {
  const encoding = encodingOf(contentType);
  if (encoding !== undefined && wanted.includes(encoding)) return encoding;
  const types = wanted.map((known) => contentTypes[known]).join(' and ');
  throw new AppError('unsupported', `cannot read body of type ${quoted(contentType ?? 'none')}: only ${types}`);
}

function encodingOf(contentType: string | undefined): Encoding | undefined {
  if (contentType === contentTypes.protobuf) return 'protobuf';
  const mediaType = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase();
  return bothTypes.find((encoding) => contentTypes[encoding] === mediaType);
}

function preflight(response: ServerResponse): void {
  response.writeHead(204, {
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': 'Content-Type, Content-Encoding, Authorization',
    'Access-Control-Max-Age': 600,
  });
  response.end();
}

function hint(response: ServerResponse): void {
  const body = `This is Throughline's door for spans: POST them to ${tracesPath} (OTLP, protobuf or JSON). The map is at the address that --listen gives, by default http://127.0.0.1:4319.\n`;
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
