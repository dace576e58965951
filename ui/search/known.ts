/**
 * Names and values to complete with: workloads and versions of the map, operations, entries, attributes, each of the time
 * that is looked at. What was read is kept for half a minute.
 */
import type { Counted, QueryWants } from '#shared/trace-query-complete.ts';
import { formatCount } from '#shared/format.ts';
import { api } from '../api.ts';

const keptMs = 30_000;
const most = 60;
/** As many names or values as one read brings. */
const mostAttributes = 500;

export interface Known {
  /** Names that hold what is typed, those that begin with it first. service: the workload an operation or a version is of. */
  lookUp(wants: QueryWants, service: string | undefined): Promise<readonly Counted[]>;
}

/** in: the time, as parameters of the API. */
export function createKnown(time: () => Readonly<Record<string, string>>): Known {
  const kept = new Map<string, { readonly at: number; readonly value: Promise<readonly Counted[]> }>();

  const once = (name: string, read: () => Promise<readonly Counted[]>): Promise<readonly Counted[]> => {
    const key = `${name} ${JSON.stringify(time())}`;
    const held = kept.get(key);
    if (held && Date.now() - held.at < keptMs) return held.value;
    const value = read();
    kept.set(key, { at: Date.now(), value });
    value.catch(() => kept.delete(key));
    return value;
  };

  const nodes = async () => (await api.graph(time())).nodes;
  const services = () =>
    once('services', async () =>
      // who is not a workload of its own, as users or a database that does not send, is in no trace by that name
      (await nodes()).filter(({ kind }) => kind !== 'users' && kind !== 'unknown').map(({ name }) => ({ text: name })),
    );
  const entries = () =>
    once('entries', async () => (await api.entries(time())).entries.map(({ id, traces }) => ({ text: id, traces })));
  const operations = (service: string | undefined) =>
    once(`operations ${service}`, async () => {
      const named = (await nodes()).filter(
        ({ id, name, namespace }) => service === name || service === `${name}.${namespace}` || service === id,
      );
      if (named.length === 0) return (await api.entries(time())).entries.map(({ operation }) => ({ text: operation }));
      const lists = await Promise.all(named.map(({ id }) => api.operations(id, time())));
      return lists.flatMap(({ operations: some }) => some.map(({ operation }) => ({ text: operation })));
    });
  const versions = (service: string | undefined) =>
    once(`versions ${service}`, async () =>
      (await nodes())
        .filter(({ id, name }) => service === undefined || service === name || service === id)
        .flatMap(({ versions: some }) => some.flatMap(({ version }) => (version === '' ? [] : [{ text: version }]))),
    );

  /** Of few the whole list is read once, of many what begins with what is typed. */
  async function attributes(
    name: string,
    prefix: string,
    read: (begin: string) => Promise<readonly Counted[]>,
  ): Promise<readonly Counted[]> {
    const whole = await once(name, () => read(''));
    if (prefix === '' || whole.length < mostAttributes) return fitting(whole, prefix);
    return once(`${name} ${prefix}`, () => read(prefix));
  }

  async function lookUp(wants: QueryWants, service: string | undefined): Promise<readonly Counted[]> {
    const { prefix } = wants;
    switch (wants.what) {
      case 'keys':
        return attributes('keys', prefix, async (begin) => {
          const { keys } = await api.attributes({ ...time(), prefix: begin, limit: mostAttributes });
          return keys.map(({ key, spans }) => ({ text: key, spans }));
        });
      case 'values':
        return attributes(`values ${wants.key}`, prefix, async (begin) => {
          const query = { ...time(), key: wants.key, prefix: begin, limit: mostAttributes };
          const { values } = await api.attributeValues(query);
          return values.map(({ value, spans }) => ({ text: value, spans }));
        });
      case 'word': {
        const names = { service: services, root: entries, operation: operations, version: versions }[wants.word](
          service,
        );
        return fitting(await names, prefix);
      }
    }
  }
  return { lookUp };
}

/** Each once; those that begin with what is typed, then those that hold it. */
export function fitting(names: readonly Counted[], typed: string): Counted[] {
  const wanted = typed.trim().toLowerCase();
  const distinct = [...new Map(names.map((name) => [name.text, name])).values()];
  const begins = ({ text }: Counted) => text.toLowerCase().startsWith(wanted);
  const holds = (name: Counted) => !begins(name) && name.text.toLowerCase().includes(wanted);
  return [...distinct.filter((name) => begins(name)), ...distinct.filter((name) => holds(name))].slice(0, most);
}

/** `1 204 spans`, '' when it is not known. */
export function spansText({ spans }: Counted): string {
  return spans === undefined ? '' : `${formatCount(spans)} ${spans === 1 ? 'span' : 'spans'}`;
}
