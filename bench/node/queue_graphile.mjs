// Empty jobs through graphile-worker: node queue_graphile.mjs COUNT. PostgreSQL by PGHOST and the like.
import pg from 'pg';
import { run, runMigrations } from 'graphile-worker';

const count = Number(process.argv[2]);
const pgPool = new pg.Pool({ max: 10 });
let left = count, allDone;
const done = new Promise((resolve) => { allDone = resolve; });

await runMigrations({ pgPool });
await pgPool.query("SELECT graphile_worker.add_job('empty') FROM generate_series(1, $1)", [count]);
const start = process.hrtime.bigint();
const runner = await run({
    pgPool, concurrency: 24, pollInterval: 1000, noHandleSignals: true,
    taskList: { empty: async () => { if (--left === 0) allDone(); } },
});
await done;
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
await runner.stop();
await pgPool.end();
console.log(JSON.stringify({ seconds }));
