// How long csv-parse takes for a file: node csv_parse.mjs FILE. From memory in pieces of 64 KiB, as the
// readers in C get it. Prints the seconds, and what it counted.
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse';

const PIECE = 65536;
const data = readFileSync(process.argv[2]);
const counts = { rows: 0, cells: 0 };

function* pieces() {
    for (let at = 0; at < data.length; at += PIECE)
        yield data.subarray(at, at + PIECE);
}

const start = process.hrtime.bigint();
const parser = parse();
parser.on('readable', () => {
    for (let record; (record = parser.read()) !== null;) {
        counts.rows++;
        counts.cells += record.length;
    }
});
const ended = new Promise((resolve, reject) => parser.on('end', resolve).on('error', reject));
for (const piece of pieces())
    if (!parser.write(piece))
        await new Promise((resolve) => parser.once('drain', resolve));
parser.end();
await ended;
console.log(JSON.stringify({ seconds: Number(process.hrtime.bigint() - start) / 1e9, ...counts }));
