// Empty jobs through pg-boss: node queue_pgboss.mjs COUNT. PostgreSQL by PGHOST and the like.
import PgBoss from 'pg-boss';

const count = Number(process.argv[2]);
const boss = new PgBoss({ max: 10, supervise: false, schedule: false });

await boss.start();
await boss.createQueue('empty');
await boss.insert(Array.from({ length: count }, () => ({ name: 'empty' })));
const start = process.hrtime.bigint();
let left = count;
async function loop() {
    while (left > 0) {
        const jobs = await boss.fetch('empty', { batchSize: 100 });
        if (!jobs.length)
            return;
        await boss.complete('empty', jobs.map((job) => job.id));
        left -= jobs.length;
    }
}
await Promise.all([loop(), loop(), loop(), loop()]);
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
await boss.stop({ graceful: false });
if (left !== 0)
    throw new Error(`${left} jobs were not done`);
console.log(JSON.stringify({ seconds }));
