/**
 * Why a call failed, in words: Envoy's response flags first, for they say what the proxy saw; else the HTTP or gRPC code.
 * Codes come as the API writes them: "503", "grpc 14", "0", or a sender's error type.
 */
import { flagReason } from './span-verdict.ts';

const httpReasons: Readonly<Record<string, string>> = {
  '0': 'no response',
  '400': 'bad request',
  '401': 'not authenticated',
  '402': 'payment required',
  '403': 'forbidden',
  '404': 'not found',
  '405': 'method not allowed',
  '408': 'request timeout',
  '409': 'conflict',
  '413': 'payload too large',
  '410': 'gone',
  '412': 'precondition failed',
  '415': 'unsupported media type',
  '421': 'misdirected request',
  '422': 'unprocessable content',
  '424': 'failed dependency',
  '425': 'too early',
  '426': 'upgrade required',
  '429': 'too many requests',
  '431': 'header fields too large',
  '499': 'client closed the request',
  '500': 'internal server error',
  '501': 'not implemented',
  '502': 'bad gateway',
  '503': 'service unavailable',
  '504': 'gateway timeout',
};

/** google.rpc.Code by number. */
const grpcReasons = [
  'ok',
  'cancelled',
  'unknown error',
  'invalid argument',
  'deadline exceeded',
  'not found',
  'already exists',
  'permission denied',
  'resource exhausted',
  'failed precondition',
  'aborted',
  'out of range',
  'unimplemented',
  'internal error',
  'unavailable',
  'data loss',
  'not authenticated',
];

/** The reason of an error. in: code and flags as in CallError. out: words, '' when nothing is known beyond the code. */
export function errorReason(code: string, flag: string): string {
  const words = flag.split(',').flatMap((one) => (one === '' ? [] : [flagReason(one)]));
  const known = words.filter((reason) => reason !== '');
  if (known.length > 0) return known.join(', ');
  const grpc = /^grpc (\d+)$/.exec(code)?.[1];
  if (grpc !== undefined) return grpcReasons[Number(grpc)] ?? '';
  if (Object.hasOwn(httpReasons, code)) return httpReasons[code] ?? '';
  const named = nameInWords(code);
  if (named !== '') return named;
  const first = /^\d{3}$/.test(code) ? code.charAt(0) : '';
  return first === '5' ? 'server error' : first === '4' ? 'client error' : '';
}

/** An error type in words: `java.net.SocketTimeoutException` is a socket timeout. '' for what is no name. */
function nameInWords(code: string): string {
  const name = /^(?:\w+[.:]+)*([A-Za-z]\w*)$/.exec(code)?.[1] ?? '';
  const words = name
    .replace(/(?:Error|Exception)$/, '')
    .replaceAll('_', ' ')
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2');
  return name === name.toUpperCase() ? name : words.toLowerCase();
}
