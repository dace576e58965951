/**
 * Prints the ids of all spans that are durable in a store's directory, one a line: those in its tables and those in the log
 * in front of it. A process of its own, because a store has one owner.
 */
import { createDb } from '../collector/store/db.ts';
import { openLog } from '../collector/store/log.ts';
import { type FixedColumn, readNative } from '../collector/store/native.ts';
import { createSpanBlock } from '../collector/store/span-block.ts';

const db = await createDb(`chdb:${process.argv[2]}`);
const rows = await db.rows<{ spanId: string }>('SELECT DISTINCT lower(hex(spanId)) AS spanId FROM spans');
const ids = new Set(rows.map(({ spanId }) => spanId));
if (db.logDirectory !== undefined) {
  const { log, left } = openLog(db.logDirectory);
  for (const { records } of left) {
    const block = createSpanBlock();
    for (const record of records) block.restore(record);
    const { bytes } = readNative(block.seal({ tick: 0, batch: 0 })).columns.get('spanId') as FixedColumn;
    for (let at = 0; at < bytes.length; at += 8) ids.add(Buffer.from(bytes.subarray(at, at + 8)).toString('hex'));
  }
  await log.close();
}
await db.close();
process.stdout.write([...ids].join('\n'));
