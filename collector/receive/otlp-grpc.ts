/**
 * The OTLP/gRPC door (OTLP 1.11): TraceService/Export. One unary method of raw bytes is a five-byte prefix and trailers
 * over node:http2, so it is written here: @grpc/grpc-js holds and inflates messages without any bound over all streams,
 * whereas here every byte that arrives or inflates counts against the same budget as at the other door, through the same
 * reader. Framing: grpc/doc/PROTOCOL-HTTP2.md.
 */
import { createSecureServer, createServer } from 'node:http2';
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { AppError, errorCodes, quoted } from '#shared/error.ts';
import { statusBody, successBody, toAppError } from './answer.ts';
import { cannotOpen, requestTimeoutMs, type Door, type DoorAddress, type DoorOptions } from './door.ts';
import { createTokenCheck } from './guard.ts';
import { inflate, parseCoding } from './inflate.ts';
import { readBody, tooLarge } from './limits.ts';

const exportPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
/** Compressed flag and big-endian length. */
const prefixBytes = 5;
const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': 'identity,gzip' } as const;
/** A connection that says nothing at first, and one that has nothing more to say. */
const firstRequestMs = 10_000;
const idleMs = 65 * 60_000;
/**
 * What a sender may have under way. Bytes that arrive are read at once and count against the budget, so a window bounds no
 * memory here; a small one makes the sender wait, and makes us say after every few frames that it may go on.
 */
const streamWindowBytes = 1 << 20;
const sessionWindowBytes = 4 << 20;

/** Opens the door. errors: AppError unavailable when the address cannot be had. */
export async function createOtlpGrpc(options: DoorOptions): Promise<Door> {
  const { receive, budget, meter, maxBodyBytes, tls } = options;
  const checkToken = createTokenCheck(options.token);
  const sessions = new Set<ServerHttp2Session>();
  let closing = false;

  const take = async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> => {
    const held = budget.open();
    const timer = setTimeout(() => stream.close(), requestTimeoutMs);
    try {
      checkToken(headers.authorization);
      const coding = parseCoding(headerOf(headers, 'grpc-encoding'));
      if (closing) throw new AppError('unavailable', 'cannot take spans: the collector is closing');
      budget.check();
      const framed = await readBody(stream, maxBodyBytes + prefixBytes, held);
      clearTimeout(timer);
      const { message, compressed } = unframe(framed, maxBodyBytes);
      let body = message;
      if (compressed) {
        if (coding === undefined)
          throw new AppError('bad-request', 'cannot inflate message: no grpc-encoding was sent');
        body = await inflate(message, coding, maxBodyBytes, held);
      }
      meter.received('grpc', 'protobuf', body.length);
      succeed(stream, successBody(await receive(body, 'protobuf'), 'protobuf'));
    } catch (error) {
      refuse(stream, error);
    } finally {
      clearTimeout(timer);
      held.release();
    }
  };

  const refuse = (stream: ServerHttp2Stream, error: unknown): void => {
    const known = toAppError(error);
    if (known !== error) options.onBug(error);
    meter.refused('grpc', known.code);
    fail(stream, known);
  };

  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    // A sender that goes away is its own matter; readBody tells the handler.
    stream.on('error', () => {});
    stream.session?.setTimeout(idleMs);
    const contentType = headers['content-type'] ?? '';
    if (!/^application\/grpc(\+proto)?(;|$)/.test(contentType)) return plainly(stream, 415);
    if (headers[':method'] !== 'POST') return plainly(stream, 405);
    if (headers[':path'] === exportPath) return void take(stream, headers);
    const reason = `cannot call ${quoted(headers[':path'])}: this door has ${exportPath} only`;
    fail(stream, new AppError('unsupported', reason));
  };

  const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
  const settings = { maxConcurrentStreams: 100, initialWindowSize: streamWindowBytes };
  const server: Http2Server =
    tls === undefined
      ? createServer({ ...socketOptions, settings })
      : createSecureServer({
          ...socketOptions,
          settings,
          cert: tls.cert,
          key: tls.key,
          ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
        });
  server.maxConnections = options.maxConnections;
  server.on('drop', () => meter.dropped('grpc'));
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(sessionWindowBytes);
    session.setTimeout(firstRequestMs, () => session.close());
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', onStream);
  const address = await listen(server, options.address);
  return {
    address,
    async close(graceMs = 5000) {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.close();
      const timer = setTimeout(() => sessions.forEach((session) => session.destroy()), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Starts to listen. out: the address with the port the system gave. errors: AppError unavailable. */
function listen(server: Http2Server, { host, port }: DoorAddress): Promise<DoorAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotOpen('OTLP/gRPC', { host, port }, error)));
    server.listen({ host, port, backlog: 1024 }, () => {
      resolve({ host, port: (server.address() as AddressInfo).port });
    });
  });
}

/** The one message of a unary call. errors: AppError bad-request, too-large. */
function unframe(framed: Buffer, maxBytes: number): { message: Buffer; compressed: boolean } {
  if (framed.length < prefixBytes) throw new AppError('bad-request', 'cannot read message: it has no length');
  const [flag] = framed;
  const length = framed.readUInt32BE(1);
  if (length > maxBytes) throw tooLarge();
  if (length !== framed.length - prefixBytes || flag === undefined || flag > 1) {
    const found = framed.length - prefixBytes;
    throw new AppError(
      'bad-request',
      `cannot read message: ${length} bytes and flag ${flag} announced, ${found} bytes sent`,
    );
  }
  return { message: framed.subarray(prefixBytes), compressed: flag === 1 };
}

function succeed(stream: ServerHttp2Stream, message: Buffer): void {
  if (stream.destroyed || stream.closed) return;
  const framed = Buffer.alloc(prefixBytes + message.length);
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, prefixBytes);
  stream.respond(head, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(framed);
}

/** Answers with trailers only, and wants nothing more of the message. */
function fail(stream: ServerHttp2Stream, error: AppError): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond(
    {
      ...head,
      'grpc-status': String(errorCodes[error.code].grpc),
      'grpc-message': percentEncode(error.message.slice(0, 1000)),
      'grpc-status-details-bin': statusBody(error, 'protobuf').toString('base64'),
    },
    { endStream: true },
  );
  if (!stream.readableEnded) stream.close();
}

/** Answers somebody who does not speak gRPC. */
function plainly(stream: ServerHttp2Stream, httpStatus: number): void {
  stream.respond({ ':status': httpStatus }, { endStream: true });
  stream.close();
}

/** As grpc-message wants it: UTF-8 with everything but printable ASCII and `%` in percent signs. */
function percentEncode(message: string): string {
  return message.replaceAll(/[^\x20-\x24\x26-\x7e]+/gu, (text) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
