/** Addresses of thousands of things at once: asked for once a kind, then the id is put in. */

export type HrefOf = (type: 'edge' | 'node', id: string) => string;

/** Stands for the id: nothing that an address holds otherwise. */
const mark = 'id\u0001id';
const marked = encodeURIComponent(mark);

/** The same addresses as `hrefOf` makes them, as long as it writes the id by percent and leaves the rest as it is. */
export function toHrefs(hrefOf: HrefOf): HrefOf {
  const templates = { edge: hrefOf('edge', mark).split(marked), node: hrefOf('node', mark).split(marked) };
  const made = { edge: new Map<string, string>(), node: new Map<string, string>() };
  return (type, id) => {
    const known = made[type].get(id);
    if (known !== undefined) return known;
    const [before, after, ...more] = templates[type];
    const fits = before !== undefined && after !== undefined && more.length === 0;
    const href = fits ? `${before}${encodeURIComponent(id)}${after}` : hrefOf(type, id);
    made[type].set(id, href);
    return href;
  };
}
