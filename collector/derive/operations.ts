/**
 * What the spans of one table of texts do, a number each: the workload, the name and the kind of a span. The critical path
 * and the list of a trace's operations are made of these numbers; their texts are made once.
 */
import type { WorkloadTable } from '#shared/workload-table.ts';
import { createPairs } from '#shared/pairs.ts';
import { createOperation, type Operation } from './paths.ts';

export interface Operations {
  /** By number. */
  readonly list: readonly KnownOperation[];
  /** in: number of the workload, text id of the name, kind of the span. */
  of(workload: number, name: number, kind: number): number;
}

export interface KnownOperation extends Operation {
  /** The same number for all operations of one text. */
  readonly textNumber: number;
  /** By duration band + 1: key of the traces that begin with it, 'band|service|operation'. */
  readonly rootKeys: string[];
}

export function createOperations(table: WorkloadTable, strings: readonly string[]): Operations {
  const pairs = createPairs();
  const list: KnownOperation[] = [];
  const textNumbers = new Map<string, number>();
  return {
    list,
    of(workload, name, kind) {
      const number = pairs.of(workload, name * 8 + kind);
      if (number === list.length) {
        const service = table.list[workload]!;
        const operation = createOperation(service.name, service.namespace, strings[name] ?? '', kind);
        let textNumber = textNumbers.get(operation.text);
        if (textNumber === undefined) textNumbers.set(operation.text, (textNumber = textNumbers.size));
        list.push({ ...operation, textNumber, rootKeys: [] });
      }
      return number;
    },
  };
}

/** 'band|root service|root operation' of a trace. */
export function rootKeyOf(operation: KnownOperation, band: number): string {
  return (operation.rootKeys[band + 1] ??= `${band}|${operation.service}|${operation.name}`);
}
