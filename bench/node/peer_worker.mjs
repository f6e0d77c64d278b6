// The peer's worker: it takes imports from pg-boss, checks rows, and upserts 1000 rows at a time.
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import PgBoss from 'pg-boss';
import { columns, pool, tablesMake, types } from './database.mjs';

const BATCH = 1000;
const upsert = `INSERT INTO customer (${columns})
    SELECT * FROM unnest(${types.map((type, i) => `$${i + 1}::${type}[]`)})
    ON CONFLICT (customer) DO UPDATE SET ${columns.slice(1).map((name) => `${name} = excluded.${name}`)}`;

const checks = {
    email: (text) => /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text),
    phone: (text) => /^\+?[0-9 ()-]{5,20}$/.test(text),
    active: (text) => text === 'true' || text === 'false',
    since: (text) => !Number.isNaN(Date.parse(text)),
    balance: (text) => Number.isFinite(Number(text)),
    points: (text) => Number.isInteger(Number(text)),
};

function isGood(record) {
    if (!record.customer)
        return false;
    for (const name in checks)
        if (record[name] && !checks[name](record[name]))
            return false;
    return true;
}

// ON CONFLICT cannot touch a row twice: the last one of a key wins.
async function batchStore(batch) {
    const byKey = [...new Map(batch.map((record) => [record.customer, record])).values()];
    await pool.query(upsert, columns.map((name) => byKey.map((record) => record[name] || null)));
}

async function fileImport(id, path) {
    await pool.query("UPDATE launch SET state = 'running', started_at = clock_timestamp() WHERE id = $1", [id]);
    let rows = 0, failed = 0, batch = [];
    for await (const record of createReadStream(path).pipe(parse({ columns: true }))) {
        if (!isGood(record)) {
            failed++;
            continue;
        }
        rows++;
        if (batch.push(record) === BATCH) {
            await batchStore(batch);
            batch = [];
        }
    }
    if (batch.length)
        await batchStore(batch);
    await pool.query("UPDATE launch SET state = 'finished', rows = $2, failed = $3, finished_at = clock_timestamp()"
        + ' WHERE id = $1', [id, rows, failed]);
}

const boss = new PgBoss({ max: 4 });
await tablesMake();
await boss.start();
await boss.createQueue('import');
await boss.work('import', { pollingIntervalSeconds: 0.5 }, async ([job]) => fileImport(job.data.id, job.data.path));
console.log('ready');
