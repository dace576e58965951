/**
 * The log in front of the embedded store. A commit of chDB costs the same for one span as for thousands, so bodies are made
 * durable here, many with one sync, and committed to the store in large blocks later. What a process leaves behind is found
 * by the next one.
 *
 * Two files take turns: one takes records while the other's records are being committed. A record is a header of four
 * little-endian words (length, CRC-32 of header and payload, number of the segment, kind) and its payload: rows as the block
 * has them, a third of the bytes they were sent as. A file is read until something does not fit: a torn end was never
 * acknowledged, and what an earlier segment left behind has its number.
 *
 * A file keeps its length when its segment is forgotten, only its first header is made void: writing over blocks that a file
 * has costs a fraction of giving it new ones.
 */
import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { AppError } from '#shared/error.ts';
import { type ByteBuffer, bytesOf, createByteBuffer, emptied, putBytes, putWord } from './native-write.ts';
import { writeAll } from './write-all.ts';

/** Which commit holds the rows of a segment: a store that has rows so stamped has all of them. */
export interface CommitMark {
  readonly tick: number;
  readonly batch: number;
}

/** Records that belong to one commit. */
export interface Segment {
  /** What the block said of its rows, record by record. */
  readonly records: readonly Uint8Array[];
  /** OTLP bodies, which earlier versions kept instead. */
  readonly bodies: readonly Uint8Array[];
  /** The commit that was last tried; undefined when none was. */
  readonly mark: CommitMark | undefined;
  /** Notes the commit that is about to be tried; resolves when it is on disk, with all records. */
  stamp(mark: CommitMark): Promise<void>;
  /** The rows are in the store: resolves when the segment cannot be found any more. */
  forget(): Promise<void>;
}

/** A segment of this process: its records are held elsewhere. */
export type OpenSegment = Pick<Segment, 'stamp' | 'forget'>;

export interface Log {
  /**
   * Resolves when the record, which is copied, is on disk. out: undefined when a record before it in the segment is not: without
   * that one it says nothing, so the segment takes no more. errors: what the file system says.
   */
  append(record: Uint8Array): Promise<void> | undefined;
  /** Ends the present segment; what is appended from now on is of the next. The one before must have been forgotten. */
  cut(): OpenSegment;
  close(): Promise<void>;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/** One of the two files. */
interface File {
  readonly descriptor: number;
  segment: number;
  /** Bytes that are whole records. */
  length: number;
  /** Bytes to be written next. */
  readonly pending: ByteBuffer;
  /** A record of the segment could not be written. */
  broken: boolean;
  waiters: Waiter[];
  syncing: Promise<void> | undefined;
  /** Records that are expected to wait at once, one a sender. */
  senders: number;
  /** Ends the rest between two syncs; undefined while there is none. */
  wake: (() => void) | undefined;
}

const sync = promisify(fdatasync);
const headBytes = 16;
const noHead = new Uint8Array(headBytes);
const kind = { body: 1, mark: 2, rows: 3 } as const;
type Kind = (typeof kind)[keyof typeof kind];
/**
 * Most time from the end of a sync to the next write. A sync costs about as much as taking a small body, and senders that were
 * just answered send their next one within it: the rest ends when they have. Eight senders of 5 spans a body share a sync by
 * six, by four when each rest was a millisecond (2026-11-28).
 */
const restMs = 4;
/** Bytes that are kept for what is written with the next sync. */
const mostPending = 1 << 22;
/** Bytes that a file keeps for its next segment: those of a full commit. */
const mostKept = 96 << 20;

/**
 * Opens the log of a directory.
 * out: the log, and what an earlier process left, oldest first: segments to commit and forget before the log is used.
 */
export function openLog(directory: string): { log: Log; left: Segment[] } {
  mkdirSync(directory, { recursive: true });
  const files = ['0', '1'].map((name): File => ({
    descriptor: openSync(join(directory, name), constants.O_RDWR | constants.O_CREAT, 0o600),
    segment: 0,
    length: 0,
    pending: createByteBuffer(),
    broken: false,
    waiters: [],
    syncing: undefined,
    senders: 0,
    wake: undefined,
  }));
  const names = openSync(directory, 'r');
  fsyncSync(names);
  closeSync(names);
  const left: (Segment & { readonly segment: number })[] = [];
  for (const file of files) {
    const found = readSegment(readFileSync(file.descriptor));
    const isEmpty = found.records.length + found.bodies.length === 0;
    file.segment = found.segment;
    file.length = isEmpty ? 0 : found.length;
    ftruncateSync(file.descriptor, file.length);
    if (!isEmpty) left.push({ ...found, ...handle(file) });
  }
  left.sort((a, b) => a.segment - b.segment);
  let newest = Math.max(...files.map(({ segment }) => segment));
  let current = 0;
  let started = false;

  /** The file that takes records now; a new segment begins when it is first written to. */
  function open(): File {
    const file = files[current] as File;
    if (!started) {
      started = true;
      file.segment = ++newest;
      file.broken = false;
    }
    return file;
  }

  return {
    left,
    log: {
      append(record) {
        const file = open();
        return file.broken ? undefined : write(file, kind.rows, record);
      },
      cut() {
        const file = open();
        current = 1 - current;
        started = false;
        return handle(file);
      },
      async close() {
        await Promise.all(files.map(({ syncing }) => syncing));
        for (const { descriptor, length } of files) {
          ftruncateSync(descriptor, length);
          closeSync(descriptor);
        }
      },
    },
  };
}

function handle(file: File): OpenSegment {
  return {
    stamp: ({ tick, batch }) => write(file, kind.mark, new Uint8Array(Uint32Array.of(tick, batch).buffer)),
    async forget() {
      writeSync(file.descriptor, noHead, 0, headBytes, 0);
      if (file.length > mostKept) ftruncateSync(file.descriptor, mostKept);
      // Before records are written over it: else the first of them could be found again without their mark.
      await sync(file.descriptor);
      file.length = 0;
    },
  };
}

/** Appends to the file with whatever else waits, by one sync at a time. */
function write(file: File, recordKind: Kind, payload: Uint8Array): Promise<void> {
  const { pending } = file;
  const at = pending.length;
  putWord(pending, payload.byteLength);
  putWord(pending, 0);
  putWord(pending, file.segment);
  putWord(pending, recordKind);
  putBytes(pending, payload);
  pending.view.setUint32(at + 4, crc32(bytesOf(pending).subarray(at)), true);
  const written = new Promise<void>((resolve, reject) => file.waiters.push({ resolve, reject }));
  file.syncing ??= flush(file);
  if (file.waiters.length >= file.senders) file.wake?.();
  return written;
}

async function flush(file: File): Promise<void> {
  // What comes in the same turn of the event loop goes with it.
  await Promise.resolve();
  while (file.waiters.length > 0) {
    const { pending, waiters } = file;
    const { length } = pending;
    file.waiters = [];
    try {
      try {
        writeAll(file.descriptor, [bytesOf(pending)], file.length);
      } finally {
        emptied(pending, mostPending);
      }
      await sync(file.descriptor);
      file.length += length;
      for (const { resolve } of waiters) resolve();
    } catch (cause) {
      // Half a record would hide all that come after it, and what came meanwhile says nothing without it.
      ftruncateSync(file.descriptor, file.length);
      file.broken = true;
      emptied(pending, mostPending);
      for (const { reject } of waiters.concat(file.waiters)) reject(cause);
      file.waiters = [];
    }
    await rest(file, waiters.length);
  }
  file.syncing = undefined;
}

/** Resolves when all senders are back, and after restMs at the latest. in: how many were just answered. */
function rest(file: File, answered: number): Promise<void> {
  // Those that came during the sync are others. A rest that was too short for one expects it again, a few times.
  file.senders = Math.max(file.waiters.length + answered, file.senders - 1);
  return new Promise((resolve) => {
    const timer = setTimeout(() => file.wake?.(), restMs);
    file.wake = () => {
      file.wake = undefined;
      clearTimeout(timer);
      resolve();
    };
  });
}

/** CRC-32 of a record whose header has none. */
function checksumOf(segment: number, recordKind: number, payload: Uint8Array): number {
  const head = Uint32Array.of(payload.byteLength, 0, segment, recordKind);
  return crc32(payload, crc32(new Uint8Array(head.buffer)));
}

interface Found {
  readonly segment: number;
  readonly records: Uint8Array[];
  readonly bodies: Uint8Array[];
  readonly mark: CommitMark | undefined;
  readonly length: number;
}

/**
 * The records of a file up to the first that does not fit; the last mark among them.
 * errors: AppError unsupported when there is one of a kind that only a newer version knows.
 */
function readSegment(bytes: Uint8Array): Found {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segment = bytes.byteLength < headBytes ? 0 : view.getUint32(8, true);
  const records: Uint8Array[] = [];
  const bodies: Uint8Array[] = [];
  let mark: CommitMark | undefined;
  let at = 0;
  while (at + headBytes <= bytes.byteLength) {
    const length = view.getUint32(at, true);
    const payload = bytes.subarray(at + headBytes, at + headBytes + length);
    const recordKind = view.getUint32(at + 12, true);
    if (payload.byteLength < length || view.getUint32(at + 8, true) !== segment) break;
    if (view.getUint32(at + 4, true) !== checksumOf(segment, recordKind, payload)) break;
    switch (recordKind) {
      case kind.mark:
        mark = { tick: view.getUint32(at + headBytes, true), batch: view.getUint32(at + headBytes + 4, true) };
        break;
      case kind.rows:
        records.push(payload);
        break;
      case kind.body:
        bodies.push(payload);
        break;
      default:
        throw new AppError(
          'unsupported',
          'cannot read the log: a newer version left spans in it and has to commit them',
        );
    }
    at += headBytes + length;
  }
  return { segment, records, bodies, mark, length: at };
}
