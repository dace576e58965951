/** True once `pending` has been true for a while: nothing spins for a load that is over at once. */
export function createDelayed(pending: () => boolean, afterMs = 300) {
  let shown = $state(false);
  $effect(() => {
    if (!pending()) {
      shown = false;
      return;
    }
    const timer = setTimeout(() => (shown = true), afterMs);
    return () => clearTimeout(timer);
  });
  return {
    get shown(): boolean {
      return shown;
    },
  };
}
