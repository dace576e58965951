/*
 * Sets theme and contrast before the first paint: `?theme=light|dark|system` and `?contrast=high|normal` in the address,
 * else what was chosen before, else the system's. A file of its own because an inline script would need a hole in the
 * content security policy.
 */
(() => {
  const address = new URLSearchParams(location.search);
  const choose = (name, known) => {
    let chosen = address.get(name);
    if (!known.includes(chosen)) {
      try {
        chosen = localStorage.getItem(name);
      } catch {
        chosen = null;
      }
    }
    return known.includes(chosen) ? chosen : 'system';
  };
  const { dataset } = document.documentElement;
  dataset.theme = choose('theme', ['light', 'dark', 'system']);
  const contrast = choose('contrast', ['high', 'normal', 'system']);
  const more = matchMedia('(prefers-contrast: more)').matches;
  dataset.contrast = contrast === 'high' || (contrast === 'system' && more) ? 'high' : 'normal';
  dataset.contrastChosen = contrast;
})();
