/*
 * Sets the theme before the first paint: `?theme=light|dark|system` in the address, else what was chosen before, else the
 * system's. A file of its own because an inline script would need a hole in the content security policy.
 */
(() => {
  const known = ['light', 'dark', 'system'];
  let chosen = new URLSearchParams(location.search).get('theme');
  if (!known.includes(chosen)) {
    try {
      chosen = localStorage.getItem('theme');
    } catch {
      chosen = null;
    }
  }
  document.documentElement.dataset.theme = known.includes(chosen) ? chosen : 'system';
})();
