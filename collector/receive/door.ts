/** What the doors have in common: what opening one needs, and what an open one is. */
import { AppError } from '#shared/error.ts';
import type { Encoding, Receive } from './answer.ts';
import type { Tls } from './guard.ts';
import type { ByteBudget } from './limits.ts';

/** `host` without brackets; port 0 = any free one. */
export interface DoorAddress {
  readonly host: string;
  readonly port: number;
}

/** Told what happens at the doors; self.ts counts it. */
export interface DoorMeter {
  /** A body was read. */
  readonly received: (door: string, encoding: Encoding, sizeBytes: number) => void;
  /** A request was refused, with the code of its AppError. */
  readonly refused: (door: string, code: string) => void;
  /** A connection was turned away because too many were open. */
  readonly dropped: (door: string) => void;
}

export interface DoorOptions {
  readonly address: DoorAddress;
  readonly receive: Receive;
  readonly budget: ByteBudget;
  /** Most inflated bytes of a body. */
  readonly maxBodyBytes: number;
  readonly maxConnections: number;
  /** Bearer token that senders must show; '' = none. */
  readonly token: string;
  /** undefined = plain text. */
  readonly tls: Tls | undefined;
  readonly meter: DoorMeter;
  /** Told of every error that is not an AppError. */
  readonly onBug: (error: unknown) => void;
}

/** An open door. */
export interface Door {
  /** Where it listens; the port is the one the system gave. */
  readonly address: DoorAddress;
  /** Takes no new connection, finishes what was begun, and hangs up after `graceMs` (default 5000) at the latest. */
  close(graceMs?: number): Promise<void>;
}

/** A request that takes longer than this to arrive is given up. */
export const requestTimeoutMs = 30_000;

export function cannotOpen(door: string, { host, port }: DoorAddress, error: Error): AppError {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new AppError('unavailable', `cannot open ${door} door ${where}: ${error.message}`, { cause: error });
}
