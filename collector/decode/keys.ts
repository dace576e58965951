/**
 * The attribute keys and values that some rule asks for, with fixed numbers in the vocabulary: a rule finds its attribute
 * by array index, not by name. Grouped by who sends them; the order within the vocabulary has no meaning.
 */
import { createTexts } from './texts.ts';

const names: string[] = [];

function known(name: string): number {
  return names.push(name);
}

/** Vocabulary numbers of known attribute keys. */
export const key = {
  // Envoy
  component: known('component'),
  nodeId: known('node_id'),
  zone: known('zone'),
  requestId: known('guid:x-request-id'),
  downstreamCluster: known('downstream_cluster'),
  upstreamCluster: known('upstream_cluster'),
  upstreamClusterName: known('upstream_cluster.name'),
  upstreamAddress: known('upstream_address'),
  peerAddress: known('peer.address'),
  responseFlags: known('response_flags'),
  requestSize: known('request_size'),
  responseSize: known('response_size'),
  retryCount: known('retry.count'),
  errorReason: known('error.reason'),
  canceled: known('canceled'),
  error: known('error'),
  httpProtocol: known('http.protocol'),
  grpcPath: known('grpc.path'),
  grpcAuthority: known('grpc.authority'),
  grpcStatusCode: known('grpc.status_code'),
  // Istio
  canonicalService: known('istio.canonical_service'),
  canonicalRevision: known('istio.canonical_revision'),
  istioNamespace: known('istio.namespace'),
  istioCluster: known('istio.cluster_id'),
  istioMesh: known('istio.mesh_id'),
  destinationService: known('istio.destination_canonical_service'),
  destinationRevision: known('istio.destination_canonical_revision'),
  destinationNamespace: known('istio.destination_namespace'),
  destinationCluster: known('istio.destination_cluster_id'),
  // Linkerd
  direction: known('direction'),
  // Semantic conventions, newest name first where several mean the same
  httpRequestMethod: known('http.request.method'),
  httpMethod: known('http.method'),
  httpResponseStatusCode: known('http.response.status_code'),
  httpStatusCode: known('http.status_code'),
  httpRoute: known('http.route'),
  urlFull: known('url.full'),
  httpUrl: known('http.url'),
  urlPath: known('url.path'),
  urlScheme: known('url.scheme'),
  httpTarget: known('http.target'),
  httpRequestBodySize: known('http.request.body.size'),
  httpRequestContentLength: known('http.request_content_length'),
  httpResponseBodySize: known('http.response.body.size'),
  httpResponseContentLength: known('http.response_content_length'),
  httpRequestResendCount: known('http.request.resend_count'),
  httpResendCount: known('http.resend_count'),
  userAgentOriginal: known('user_agent.original'),
  httpUserAgent: known('http.user_agent'),
  userAgent: known('user_agent'),
  errorType: known('error.type'),
  rpcSystemName: known('rpc.system.name'),
  rpcSystem: known('rpc.system'),
  rpcService: known('rpc.service'),
  rpcMethod: known('rpc.method'),
  rpcStatusCode: known('rpc.status_code'),
  rpcResponseStatusCode: known('rpc.response.status_code'),
  rpcGrpcStatusCode: known('rpc.grpc.status_code'),
  rpcConnectErrorCode: known('rpc.connect_rpc.error_code'),
  dbSystemName: known('db.system.name'),
  dbSystem: known('db.system'),
  dbNamespace: known('db.namespace'),
  dbName: known('db.name'),
  dbOperation: known('db.operation.name'),
  dbCollection: known('db.collection.name'),
  dbQuery: known('db.query.text'),
  dbStatement: known('db.statement'),
  messagingSystem: known('messaging.system'),
  messagingTemplate: known('messaging.destination.template'),
  messagingName: known('messaging.destination.name'),
  messagingDestination: known('messaging.destination'),
  servicePeerName: known('service.peer.name'),
  servicePeerNamespace: known('service.peer.namespace'),
  peerService: known('peer.service'),
  serverAddress: known('server.address'),
  serverPort: known('server.port'),
  netPeerName: known('net.peer.name'),
} as const;

/** Numbers of known keys are below this. */
export const keyLimit = names.length + 1;

/** Vocabulary numbers of known values. */
export const word = {
  dash: known('-'),
  true: known('true'),
  proxy: known('proxy'),
  unknown: known('unknown'),
  inbound: known('inbound'),
  outbound: known('outbound'),
  http: known('http'),
  grpc: known('grpc'),
  dc: known('DC'),
} as const;

/** The vocabulary of this thread. */
export const texts = createTexts(names);
