// The peer's tables. PGHOST, PGPORT, PGUSER and PGDATABASE say where.
import pg from 'pg';

export const columns = ['customer', 'name', 'email', 'phone', 'city', 'active', 'since', 'balance', 'points', 'note'];
export const types = ['text', 'text', 'text', 'text', 'text', 'boolean', 'date', 'numeric', 'bigint', 'text'];

export const pool = new pg.Pool({ max: 10 });

export async function tablesMake() {
    await pool.query(`CREATE TABLE IF NOT EXISTS customer (
        id bigserial PRIMARY KEY,
        ${columns.map((name, i) => `${name} ${types[i]}${i ? '' : ' NOT NULL UNIQUE'}`).join(', ')})`);
    await pool.query(`CREATE TABLE IF NOT EXISTS launch (
        id bigserial PRIMARY KEY, state text NOT NULL, rows bigint NOT NULL DEFAULT 0,
        failed bigint NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        started_at timestamptz, finished_at timestamptz)`);
}
