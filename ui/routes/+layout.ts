/** The page is drawn in the browser only: every number on it is live. */
export const ssr = false;
export const prerender = false;
