/**
 * Prints the ids of all spans that are durable in a store's directory, one a line: those in its tables and those in the log
 * in front of it. A process of its own, because a store has one owner.
 */
import { decodeOtlp } from '../collector/decode/otlp-proto.ts';
import { createDb } from '../collector/store/db.ts';
import { openLog } from '../collector/store/log.ts';

const db = await createDb(`chdb:${process.argv[2]}`);
const rows = await db.rows<{ spanId: string }>('SELECT DISTINCT lower(hex(spanId)) AS spanId FROM spans');
const ids = new Set(rows.map(({ spanId }) => spanId));
if (db.logDirectory !== undefined) {
  const { log, left } = openLog(db.logDirectory);
  for (const record of left.flatMap(({ records }) => records)) {
    decodeOtlp(record, ({ body, spanIdAt }) => {
      ids.add(Buffer.from(body.subarray(spanIdAt, spanIdAt + 8)).toString('hex'));
    });
  }
  await log.close();
}
await db.close();
process.stdout.write([...ids].join('\n'));
