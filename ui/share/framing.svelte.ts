/** Whether other sites may frame the embeds now: the collector says so in the policy of the page itself. */
import { frameSources } from './links.ts';

export type Framing =
  | { readonly state: 'asking' }
  | { readonly state: 'unknown' }
  | { readonly state: 'known'; readonly sources: readonly string[] };

/** Asks once. Call inside a component's initialisation. */
export function createFraming() {
  let framing = $state.raw<Framing>({ state: 'asking' });
  $effect(() => {
    const abort = new AbortController();
    void fetch('/embed/map', { method: 'HEAD', signal: abort.signal }).then(
      (answer) => {
        const policy = answer.headers.get('content-security-policy');
        framing = policy === null ? { state: 'unknown' } : { state: 'known', sources: frameSources(policy) };
      },
      () => {
        if (!abort.signal.aborted) framing = { state: 'unknown' };
      },
    );
    return () => abort.abort();
  });
  return {
    get value(): Framing {
      return framing;
    },
  };
}
