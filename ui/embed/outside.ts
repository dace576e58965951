/** Links of an embed lead out of it, to a tab of their own, whoever draws them: the frame keeps showing what it shows. */

/** An attachment: sets target and rel on every link inside, now and later. */
export function leadOutside(root: HTMLElement): () => void {
  const set = (): void => {
    for (const link of root.querySelectorAll('a[href]:not([target])')) {
      link.setAttribute('target', '_blank');
      link.setAttribute('rel', 'noopener');
    }
  };
  const changes = new MutationObserver(set);
  changes.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ['href'] });
  set();
  return () => changes.disconnect();
}
