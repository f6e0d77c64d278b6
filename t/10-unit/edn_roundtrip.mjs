#!/usr/bin/env node
// Does an EDN reader that is not ours read what we write? Texts of all kinds go through doc_write and come
// back by edn-data (npm, placed into npm/node_modules by the build); JSON of the same by JSON.parse.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

const { parseEDNString } = createRequire(path.resolve('npm') + '/')('edn-data');

// The same texts in each run.
let seed = 42;
function numberBelow(limit) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % limit;
}

function characterPick() {
    const pools = [[1, 0x20], [0x20, 0x60], [0x7f, 0x21], [0xa0, 0x700], [0x2000, 0x100], [0x1f600, 0x50]];
    const [first, count] = pools[numberBelow(pools.length)];
    return String.fromCodePoint(first + numberBelow(count));
}

function textMake() {
    let text = '';
    for (let length = numberBelow(40); length > 0; length--) {
        text += numberBelow(3) ? characterPick() : '"\\;:{}[]#_/nut\n\r\t,'[numberBelow(18)];
    }
    return text;
}

const valid = Array.from({ length: 2000 }, textMake);
const bytes = Array.from({ length: 2000 }, () =>
    Buffer.from(Array.from({ length: numberBelow(40) }, () => 1 + numberBelow(255))));
const input = [...valid.map((text) => Buffer.from(text)), ...bytes];
const run = spawnSync('t/10-unit/doc_write', [], {
    input: input.map((text) => text.toString('hex') + '\n').join(''), encoding: 'utf8', maxBuffer: 1 << 28,
});
const lines = run.stdout.split('\n');

function wanted(text) {
    return { 'status-message': text, list: [-9007199254740991, text, true, false, null, {}, []], 'rows-ok': 0 };
}

const fromEdn = (line) => parseEDNString(line, { mapAs: 'object', keywordAs: 'string' });
let count = 0;
let failed = 0;
function test(name, run) {
    count++;
    try {
        run();
        console.log(`ok ${count} - ${name}`);
    } catch (error) {
        failed++;
        console.log(`not ok ${count} - ${name}\n# ${String(error.message).replaceAll('\n', '\n# ')}`);
    }
}

test('every document was written, each in one line', () => {
    assert.strictEqual(run.status, 0);
    assert.strictEqual(lines.length, 2 * input.length + 1);
});
test('an EDN client gets every text back', () => {
    valid.forEach((text, i) => assert.deepStrictEqual(fromEdn(lines[2 * i]), wanted(text)));
});
test('a JSON client gets every text back', () => {
    valid.forEach((text, i) => assert.deepStrictEqual(JSON.parse(lines[2 * i + 1]), wanted(text)));
});
test('bytes that are no text break neither, and both read the same', () => {
    bytes.forEach((_, n) => {
        const i = valid.length + n;
        assert.deepStrictEqual(fromEdn(lines[2 * i]), JSON.parse(lines[2 * i + 1]));
    });
});
console.log(`1..${count}`);
process.exitCode = failed ? 1 : 0;
