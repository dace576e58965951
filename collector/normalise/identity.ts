/**
 * Which workload emitted a span (rule C1), in order: configured alias; Istio's canonical service; service.name with
 * namespace and version of the resource. A waypoint's span belongs to the workload it stands before. The answer depends on
 * the resource and five attributes, and is remembered for each combination of them.
 */
import type { Origin, SpanCursor } from '../decode/cursor.ts';
import { key, texts, word } from '../decode/keys.ts';
import { hostOf } from './hosts.ts';
import { createTuples, epoch, textAt } from './memo.ts';
import type { NormaliseConfig } from './normalise.ts';

/** A workload in vocabulary numbers. */
export interface Identity {
  readonly service: number;
  readonly namespace: number;
  readonly cluster: number;
  readonly version: number;
  /** Calls a span of it stands for when the span does not say. */
  readonly weight: number;
}

const tuples = createTuples();
let identities: (Identity | undefined)[] = [];
let epochOf = -1;

/** The identity of the cursor's span. in: whether a proxy sent it, which decides how service.name is read. */
export function identify(span: SpanCursor, proxy: boolean, config: NormaliseConfig): Identity {
  const waypoint = span.slots[key.destinationService] !== 0;
  const service = known(textAt(span, waypoint ? key.destinationService : key.canonicalService));
  const namespace = textAt(span, waypoint ? key.destinationNamespace : key.istioNamespace);
  const revision = textAt(span, waypoint ? key.destinationRevision : key.canonicalRevision);
  const cluster = textAt(span, waypoint ? key.destinationCluster : key.istioCluster);
  const origin = span.resource.id * 2 + (proxy ? 1 : 0);
  if (epochOf !== epoch) {
    identities = [];
    epochOf = epoch;
    last.service = -1;
  }
  // Spans of one sender follow each other.
  if (
    service === last.service &&
    namespace === last.namespace &&
    revision === last.revision &&
    cluster === last.cluster &&
    origin === last.origin
  ) {
    return last.identity;
  }
  const tuple = tuples.of(tuples.of(tuples.of(tuples.of(service, namespace), revision), cluster), -1 - origin);
  const identity = identities[tuple] ?? remember(span, tuple, { service, namespace, revision, cluster }, proxy, config);
  last = { service, namespace, revision, cluster, origin, identity };
  return identity;
}

/** What the last answer was for. */
let last = {
  service: -1,
  namespace: 0,
  revision: 0,
  cluster: 0,
  origin: 0,
  identity: undefined as unknown as Identity,
};

interface Tags {
  readonly service: number;
  readonly namespace: number;
  readonly revision: number;
  readonly cluster: number;
}

function remember(span: SpanCursor, tuple: number, tags: Tags, proxy: boolean, config: NormaliseConfig): Identity {
  const made = decide(
    span.resource,
    texts.text(tags.service),
    texts.text(tags.namespace),
    texts.text(tags.revision),
    texts.text(tags.cluster),
    proxy,
    config,
  );
  while (identities.length <= tuple) identities.push(undefined);
  identities[tuple] = made;
  return made;
}

function known(id: number): number {
  return id === word.unknown ? 0 : id;
}

function decide(
  resource: Origin,
  canonical: string,
  istioNamespace: string,
  revision: string,
  istioCluster: string,
  proxy: boolean,
  config: NormaliseConfig,
): Identity {
  const own = canonical === '' ? fromResource(resource, istioNamespace, proxy, config) : undefined;
  const { name, namespace } = alias(own?.name ?? canonical, own?.namespace ?? istioNamespace, config);
  const cluster = istioCluster || resource.attributes.get('k8s.cluster.name') || '';
  const version = (own === undefined ? revision : '') || resource.attributes.get('service.version') || revision;
  return {
    service: texts.of(name),
    namespace: texts.of(namespace),
    cluster: texts.of(cluster),
    version: texts.of(version),
    weight: config.weights.get(`${namespace}/${name}`) ?? config.weights.get(name) ?? 1,
  };
}

/** Name and namespace after the configured alias: `namespace/name` is looked up before `name`. */
export function alias(name: string, namespace: string, config: NormaliseConfig): { name: string; namespace: string } {
  if (config.aliases.size === 0) return { name, namespace };
  const to = config.aliases.get(`${namespace}/${name}`) ?? config.aliases.get(name);
  if (to === undefined) return { name, namespace };
  const slash = to.indexOf('/');
  return slash === -1 ? { name: to, namespace } : { name: to.slice(slash + 1), namespace: to.slice(0, slash) };
}

/** Name and namespace by the resource; `name.namespace` is split when the namespace is known or a proxy says it. */
function fromResource(
  { attributes }: Origin,
  istioNamespace: string,
  proxy: boolean,
  config: NormaliseConfig,
): { name: string; namespace: string } {
  const stated =
    attributes.get('service.namespace') ||
    attributes.get('k8s.namespace.name') ||
    istioNamespace ||
    attributes.get('linkerd.io/workload-ns') ||
    '';
  const name = attributes.get('service.name') ?? '';
  if (proxy && config.linkerdNames.includes(name)) {
    const workload = workloadLabel(attributes);
    if (workload !== '') return { name: workload, namespace: stated };
  }
  if (stated !== '' && name.endsWith(`.${stated}`))
    return { name: name.slice(0, -stated.length - 1), namespace: stated };
  const labels = proxy ? hostOf(name).split('.') : [];
  if (labels.length === 2 || labels[2] === 'svc') {
    if (stated === '' || stated === labels[1]) return { name: labels[0]!, namespace: labels[1]! };
  }
  return { name, namespace: stated };
}

/** Linkerd names all its proxies alike; the workload's name is in the pod's labels. */
function workloadLabel(attributes: ReadonlyMap<string, string>): string {
  for (const label of [
    'k8s.deployment.name',
    'k8s.statefulset.name',
    'k8s.daemonset.name',
    'linkerd.io/proxy-deployment',
    'linkerd.io/proxy-statefulset',
    'linkerd.io/proxy-daemonset',
    'app.kubernetes.io/name',
    'app',
    'k8s-app',
  ]) {
    const value = attributes.get(label);
    if (value) return value;
  }
  // <deployment>-<replica set>-<pod>
  const pod = attributes.get('k8s.pod.name') ?? attributes.get('host.name') ?? '';
  return /^(.+)-[0-9a-f]{6,10}-[0-9a-z]{5}$/.exec(pod)?.[1] ?? '';
}
