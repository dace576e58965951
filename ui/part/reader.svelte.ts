/**
 * One read of the API kept in step with what it depends on: the last answer stays while the next is under way, an answer
 * that comes too late is dropped.
 */
import { ApiError } from '../api.ts';

/**
 * Reads whenever what `ask` depends on changes, and again after the time that `againMs` says of an answer (or of none).
 * in: ask returns the read, or undefined when there is nothing to ask; key names the thing read (a new key forgets the
 * old answer). Call inside a component's initialisation.
 */
export function createReader<T>(
  key: () => string,
  ask: () => ((signal: AbortSignal) => Promise<T>) | undefined,
  againMs: (value: T | undefined) => number | undefined = () => undefined,
) {
  let value = $state.raw<T>();
  let error = $state.raw<ApiError>();
  let pending = $state(false);
  let turn = $state(0);
  let heldKey = '';

  $effect(() => {
    const read = ask();
    const asked = key();
    void turn;
    if (asked !== heldKey) {
      heldKey = asked;
      value = undefined;
      error = undefined;
    }
    if (!read) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      pending = true;
      try {
        value = await read(abort.signal);
        error = undefined;
      } catch (thrown) {
        if (abort.signal.aborted) return;
        error = thrown instanceof ApiError ? thrown : new ApiError('internal', String(thrown));
      }
      pending = false;
      const waitMs = againMs(value);
      if (waitMs !== undefined) timer = setTimeout(() => void run(), waitMs);
    };
    void run();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  });

  return {
    get value(): T | undefined {
      return value;
    },
    get error(): ApiError | undefined {
      return error;
    },
    get pending(): boolean {
      return pending;
    },
    again(): void {
      turn++;
    },
  };
}
