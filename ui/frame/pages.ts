/** The pages one goes to by name: for the rail and the palette. */

export const pages = [
  { href: '/', text: 'Map', routes: ['/'] },
  { href: '/search', text: 'Traces', routes: ['/search', '/trace/[id]', '/trace/file'] },
  { href: '/profile', text: 'Profile', routes: ['/profile'] },
  { href: '/compare', text: 'Compare', routes: ['/compare'] },
  { href: '/status', text: 'Status', routes: ['/status'] },
] as const;
