/**
 * The one error class of the program and its closed set of codes. Thrown deep, converted once at each door
 * (serve/app.ts, receive/*, ui/api.ts). Anything else that is thrown is a bug and is answered 500 without detail.
 */

/** Each code with its HTTP and gRPC status (google.rpc.Code). */
export const errorCodes = {
  'bad-request': { http: 400, grpc: 3 },
  unauthenticated: { http: 401, grpc: 16 },
  forbidden: { http: 403, grpc: 7 },
  'not-found': { http: 404, grpc: 5 },
  'method-not-allowed': { http: 405, grpc: 12 },
  'too-large': { http: 413, grpc: 8 },
  unsupported: { http: 415, grpc: 12 },
  unavailable: { http: 503, grpc: 14 },
  internal: { http: 500, grpc: 13 },
} as const;
export type ErrorCode = keyof typeof errorCodes;

/** An expected failure. `message` reads "cannot <verb> <noun> <value>: <reason>". */
export class AppError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AppError';
    this.code = code;
  }
}

/** A value for a message: cut to 100 characters. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
