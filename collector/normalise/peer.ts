/**
 * The destination a CLIENT or PRODUCER span names (rule C4), in order: service.peer.name, peer.service, upstream_cluster,
 * messaging destination, server.address, database name, host of the URL. Of a CONSUMER span the queue it took from.
 */
import { kind } from '#shared/span.ts';
import type { SpanCursor } from '../decode/cursor.ts';
import { key, texts } from '../decode/keys.ts';
import { authorityOf, parseCluster } from './envoy.ts';
import { kindIndex, type NamedPeer, parseHost } from './hosts.ts';
import { alias } from './identity.ts';
import { noteRead, perText, textAt, textAtEither } from './memo.ts';
import type { NormaliseConfig } from './normalise.ts';
import { isDatabase } from './semconv.ts';

/** A destination in vocabulary numbers. */
export interface Peer {
  readonly name: number;
  readonly namespace: number;
  readonly version: number;
  /** Index into workloadKinds. */
  readonly kind: number;
  /** The same peer as a database; absent on a database. */
  readonly database?: Peer;
}

const service = kindIndex('service');
const database = kindIndex('database');
const messaging = kindIndex('messaging');

const none: Peer = { name: 0, namespace: 0, version: 0, kind: kindIndex('unknown') };

/** The configuration in force; memo.ts forgets all peers when it changes. */
let current: NormaliseConfig;

/** The peer of the cursor's span; its name is 0 when the span names none or is of a kind that calls nobody. */
export function findPeer(span: SpanCursor, config: NormaliseConfig): Peer {
  current = config;
  if (span.kind === kind.consumer) return queueOf(span);
  if (span.kind !== kind.client && span.kind !== kind.producer) return none;
  const peer = byName(span);
  if (peer !== none) return peer;
  if (!isDatabase(span)) return byHost(span);
  const address = byAddress(span);
  const store = address === none ? byDatabase(span) : address;
  return asDatabase(store === none ? byUrl(span) : store);
}

function byName(span: SpanCursor): Peer {
  const { slots } = span;
  if ((slots[key.servicePeerName]! | slots[key.peerService]!) !== 0) {
    const peer = byService(span);
    if (peer !== none) return peer;
  }
  if (slots[key.upstreamCluster] !== 0) {
    const cluster = textAt(span, key.upstreamCluster);
    const peer = cluster === 0 ? none : peerOfCluster(cluster);
    if (peer !== none) return peer;
  }
  return queueOf(span);
}

function byHost(span: SpanCursor): Peer {
  const address = byAddress(span);
  return address === none ? byUrl(span) : address;
}

/** Numbers of a named peer, under its alias. */
function toPeer(named: NamedPeer | undefined): Peer {
  if (named === undefined || named.name === '') return none;
  const to = alias(named.name, named.namespace, current);
  const ids = { name: texts.of(to.name), namespace: texts.of(to.namespace), version: texts.of(named.version) };
  return { ...ids, kind: named.kind, database: { ...ids, kind: database } };
}

const peerOfCluster = perText((cluster) => toPeer(parseCluster(cluster)));
const peerOfHost = perText((host) => toPeer(parseHost(host)));
const peerOfQueue = perText((name) => toPeer({ name, namespace: '', version: '', kind: messaging }));
const peerOfDatabase = perText((name) => toPeer({ name, namespace: '', version: '', kind: database }));

/** service.peer.name or peer.service: the name of a workload, taken as it is unless it is a cluster-local host. */
const peerOfService = perText((name) => {
  const host = parseHost(name);
  return toPeer(host.namespace === '' ? { name, namespace: '', version: '', kind: service } : host);
});

function byService(span: SpanCursor): Peer {
  const name = textAtEither(span, key.servicePeerName, key.peerService);
  if (name === 0) return none;
  const stated = textAt(span, key.servicePeerNamespace);
  let peer = peerOfService(name);
  if (stated !== 0 && peer.namespace !== stated) {
    peer = toPeer({ name: texts.text(name), namespace: texts.text(stated), version: '', kind: service });
  }
  return isDatabase(span) ? asDatabase(peer) : peer;
}

/** The messaging destination; its template when there is one, because names may be made up for each request. */
function queueOf(span: SpanCursor): Peer {
  const { slots } = span;
  if ((slots[key.messagingTemplate]! | slots[key.messagingName]! | slots[key.messagingDestination]!) === 0) return none;
  const name = textAt(span, key.messagingTemplate) || textAtEither(span, key.messagingName, key.messagingDestination);
  return name === 0 ? none : peerOfQueue(name);
}

function byAddress(span: SpanCursor): Peer {
  const address = textAtEither(span, key.serverAddress, key.netPeerName);
  return address === 0 ? none : peerOfHost(address);
}

function byDatabase(span: SpanCursor): Peer {
  const name = textAtEither(span, key.dbNamespace, key.dbName) || textAtEither(span, key.dbSystemName, key.dbSystem);
  return name === 0 ? none : peerOfDatabase(name);
}

function asDatabase(peer: Peer): Peer {
  return peer === none ? none : (peer.database ?? peer);
}

/** Host of the URL, of the route that was not found, or of the gRPC authority. */
function byUrl(span: SpanCursor): Peer {
  const host =
    urlHost(span, key.urlFull) || urlHost(span, key.httpUrl) || authorityOf(span) || textAt(span, key.grpcAuthority);
  return host === 0 ? none : peerOfHost(host);
}

/** Vocabulary number of the authority within a URL attribute, 0 when there is none. URLs differ, their hosts repeat. */
function urlHost(span: SpanCursor, name: number): number {
  const i = span.slots[name]! - 1;
  if (i === -1) return 0;
  noteRead(span, i);
  const bytes = span.sources[i] === 0 ? span.body : span.scratch;
  const view = span.sources[i] === 0 ? span.bodyView : span.scratchView;
  const end = span.ats[i]! + span.lengths[i]!;
  let at = span.ats[i]!;
  while (at + 2 < end && !(bytes[at] === 0x3a && bytes[at + 1] === 0x2f && bytes[at + 2] === 0x2f)) at++;
  at += 3;
  let to = at;
  while (to < end && bytes[to] !== 0x2f && bytes[to] !== 0x3f && bytes[to] !== 0x23) to++;
  return to > at && to - at <= 512 ? texts.intern(view, at, to - at) : 0;
}
