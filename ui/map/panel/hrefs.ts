/** Where a panel's links lead. The page makes them, so that a panel knows nothing of the address. */
export interface Hrefs {
  /** Selects an edge, a workload. */
  readonly edge: (id: string) => string;
  readonly node: (id: string) => string;
  /**
   * A search among traces in the time the map shows, unless the query brings its own `from` and `to` (epoch ms).
   * in: parameters of the search page: `edge` (an id), `service` (a name), `version`, `status`, `order`.
   */
  readonly traces: (query: Readonly<Record<string, string>>) => string;
  /** The map around one workload. */
  readonly focus: (nodeId: string) => string;
  /** The map with this box opened; undefined for what is not a closed box. */
  readonly unfold: (nodeId: string) => string | undefined;
}
