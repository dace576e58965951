/** Prints the ids of all spans a store holds, one a line. A process of its own, because a store has one owner. */
import { createDb } from '../collector/store/db.ts';

const db = await createDb(`chdb:${process.argv[2]}`);
const rows = await db.rows<{ spanId: string }>('SELECT DISTINCT lower(hex(spanId)) AS spanId FROM spans');
await db.close();
process.stdout.write(rows.map(({ spanId }) => spanId).join('\n'));
