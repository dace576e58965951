/** What goes along from page to page: time, theme and contrast, as they stand in the address. */
import { page } from '$app/state';

/** `?window=1h`, or '' when nothing is to be kept. */
export function keptQuery(): string {
  const params = new URLSearchParams();
  for (const name of ['window', 'from', 'to', 'theme', 'contrast']) {
    const value = page.url.searchParams.get(name);
    if (value !== null) params.set(name, value);
  }
  return params.size === 0 ? '' : `?${params}`;
}
