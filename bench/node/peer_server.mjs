// The service that a Node developer would write: node peer_server.mjs PORT DIRECTORY. An upload goes to a file
// and into pg-boss; the status comes from PostgreSQL. One token, in PEER_TOKEN.
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import multipart from '@fastify/multipart';
import PgBoss from 'pg-boss';
import { pool, tablesMake } from './database.mjs';

const [port, directory] = process.argv.slice(2);
const expected = Buffer.from(`Bearer ${process.env.PEER_TOKEN}`);

const boss = new PgBoss({ max: 4 });
await tablesMake();
await boss.start();
await boss.createQueue('import');

const app = Fastify();
await app.register(multipart, { limits: { fileSize: 4 * 1024 ** 3 } });

app.addHook('onRequest', async (request, reply) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
        return reply.code(403).send({ error: 'forbidden' });
});

app.post('/import', async (request) => {
    const part = await request.file();
    const { rows: [{ id }] } = await pool.query("INSERT INTO launch (state) VALUES ('queued') RETURNING id");
    const path = join(directory, `upload-${id}.csv`);
    await pipeline(part.file, createWriteStream(path));
    await boss.send('import', { id, path });
    return { id };
});

app.get('/status', async () => {
    const { rows } = await pool.query('SELECT id, state, rows, failed, created_at, started_at, finished_at'
        + ' FROM launch ORDER BY id DESC LIMIT 1');
    return { name: 'Customers of the benchmark', status: 'enabled', latest: rows[0] ?? null };
});

await app.listen({ host: '127.0.0.1', port: Number(port) });
console.log('ready');
