// Runs one of the client libraries that were written for Marketo against a server, and checks every answer against
// schemas of the documented facts. Arguments: library, address of the server, client id, secret. Prints one JSON object.
import {createRequire} from 'node:module';

const require = createRequire(import.meta.url);
const [library, server, clientId, clientSecret] = process.argv.slice(2);
const Marketo = require(library);
const Ajv = require('ajv');

const text = {type: 'string', minLength: 1};
const count = {type: 'integer', minimum: 0};
const time = {type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$'};
const uuid = {type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'};
const requestId = {type: 'string', pattern: '^[0-9a-f]{1,5}#[0-9a-f]{10,12}$'};
const exactly = (properties, optional = {}) => ({
    type: 'object', properties: {...properties, ...optional}, required: Object.keys(properties), additionalProperties: false});
const envelope = (item) => exactly({requestId, result: {type: 'array', items: item}, success: {const: true}}, {nextPageToken: text});
const batchId = {type: 'integer', minimum: 1, maximum: 2147483647};
const counters = {numOfRowsFailed: count, numOfRowsWithWarning: count};
const ended = {importTime: {type: 'string', pattern: '^\\d+ second\\(s\\)$'}, message: text};
const importState = {enum: ['Queued', 'Importing', 'Complete', 'Failed']};
const field = exactly({name: text, displayName: text, dataType: text, updateable: {type: 'boolean'}}, {length: count});
const object = {name: text, displayName: text, description: {type: 'string'}, createdAt: time, updatedAt: time, idField: text,
    dedupeFields: {type: 'array', items: text}, searchableFields: {type: 'array', items: {type: 'array', items: text}}};
const code = {type: 'string', pattern: '^\\d{3,4}$'};
const reasons = {type: 'array', minItems: 1, items: exactly({code, message: text})};
const schemas = {
    identity: exactly({access_token: text, token_type: {const: 'bearer'}, expires_in: {type: 'integer', minimum: 1, maximum: 3600}, scope: text}),
    error: exactly({requestId, success: {const: false}, errors: reasons}),
    objects: envelope(exactly(object)),
    written: envelope(exactly({seq: count, status: {enum: ['created', 'updated', 'deleted', 'skipped']}}, {marketoGUID: uuid, reasons})),
    found: envelope(exactly({seq: count, marketoGUID: uuid, sku: text, createdAt: time, updatedAt: time})),
    describe: envelope(exactly({...object, fields: {type: 'array', items: field}})),
    import: envelope(exactly({batchId, status: importState, objectApiName: text})),
    status: envelope(exactly({batchId, operation: {const: 'import'}, status: importState, objectApiName: text, numOfObjectsProcessed: count,
        ...counters}, ended)),
    leads: envelope(exactly({batchId, importId: {type: 'string', pattern: '^\\d+$'}, status: importState})),
    leadsStatus: envelope(exactly({batchId, status: importState, numOfLeadsProcessed: count, ...counters}, ended)),
    job: envelope(exactly({exportId: uuid, format: {enum: ['CSV', 'TSV', 'SSV']}, createdAt: time,
        status: {enum: ['Created', 'Queued', 'Processing', 'Cancelled', 'Completed', 'Failed']}},
        {queuedAt: time, startedAt: time, finishedAt: time, numberOfRecords: count, fileSize: count,
         fileChecksum: {type: 'string', pattern: '^sha256:[0-9a-f]{64}$'}, errorMsg: text})),
};
const ajv = new Ajv({allErrors: true});
const faults = [];
let checked = 0;

function check(name, answer) {
    const validate = ajv.compile(schemas[name]);
    checked += 1;
    if (!validate(answer)) faults.push(`${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(answer)}`);
    return answer;
}

// The libraries print what they do to standard output.
const print = console.log;
console.log = () => {};
const client = new Marketo({endpoint: `${server}/rest`, identity: `${server}/identity`, clientId, clientSecret,
                            retry: {maxRetries: 2, initialDelay: 50, maxDelay: 100}});
const token = check('identity', await client.getOAuthToken());
const call = async (path, options = {}) => (await fetch(server + path, {...options, headers: {
    Authorization: `Bearer ${token.access_token}`, ...options.headers}})).json();
async function until(done, ask) {
    for (const end = Date.now() + 60000; ;) {
        const answer = await ask();
        if (done.includes(answer.result[0].status)) return answer;
        if (Date.now() > end) throw new Error(`waited in vain: ${JSON.stringify(answer)}`);
        await new Promise((go) => setTimeout(go, 50));
    }
}

// The import, which the libraries do not know: by fetch and FormData, in the three forms that clients use.
const csv = 'email,firstName,score\nann@npm.example,Ann,5\nbob@npm.example,Bob,x\n';
const form = (...parts) => {
    const body = new FormData();
    for (const [name, value] of parts) {
        if (name === 'file') body.append(name, new Blob([value], {type: 'text/csv'}), 'import.csv');
        else body.append(name, value);
    }
    return {method: 'POST', body};
};
const imported = check('leads', await call('/bulk/v1/leads.json?format=csv', form(['file', csv])));
const lead = `/bulk/v1/leads/batch/${imported.result[0].batchId}`;
const leads = check('leadsStatus', await until(['Complete', 'Failed'], () => call(`${lead}.json`)));
const car = check('import', await call('/bulk/v1/customobjects/car_c/import.json', form(['format', 'csv'], ['file', 'vin,color\nNPM1,red\n'])));
const cars = check('status', await until(['Complete', 'Failed'], () =>
    call(`/bulk/v1/customobjects/car_c/import/${car.result[0].batchId}/status.json`)));
check('describe', await call('/rest/v1/customobjects/car_c/describe.json'));
check('error', await call('/rest/v1/customobjects/nothing/describe.json'));

// Single records.
const records = (path, input) => call(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({input})});
const parts = '/rest/v1/customobjects/part';
check('objects', await call('/rest/v1/customobjects.json'));
const written = check('written', await records(`${parts}.json`, [{sku: 'NPM1', count: 1}, {sku: 'NPM2', count: 'many'}]));
const found = check('found', await call(`${parts}.json?filterType=sku&filterValues=NPM1,NPM2`));
const deleted = check('written', await records(`${parts}/delete.json`, [{sku: 'NPM1'}, {sku: 'NPM2'}]));

// The extract, by the library.
const day = (shift) => new Date(Date.now() + shift * 86400000).toISOString().replace(/\.\d+Z$/, 'Z');
const created = check('job', await client.bulkLeadExtract.create(['email', 'firstName', 'score'],
    {createdAt: {startAt: day(-1), endAt: day(1)}}, {format: 'CSV', columnHeaderNames: {firstName: 'First Name'}}));
const exportId = created.result[0].exportId;
check('job', await client.bulkLeadExtract.enqueue(exportId));
check('job', await until(['Completed', 'Failed', 'Cancelled'], () => client.bulkLeadExtract.status(exportId)));
const completed = check('job', await client.bulkLeadExtract.statusTilCompleted(exportId));
const file = await client.bulkLeadExtract.file(exportId);
const other = check('job', await client.bulkLeadExtract.create(['email'], {updatedAt: {startAt: day(-1), endAt: day(1)}}));
const cancelled = check('job', await client.bulkLeadExtract.cancel(other.result[0].exportId));
const refused = await client.bulkLeadExtract.create(['nothing'], {createdAt: {startAt: day(-1), endAt: day(1)}}).then(() => null, (error) => error);
// A token that the server does not know any more: the library gets another one and goes on.
client._connection._tokenData = {access_token: 'gone'};
const recovered = check('job', await client.bulkLeadExtract.status(exportId));
let badCredentials;
try {
    await new Marketo({endpoint: `${server}/rest`, identity: `${server}/identity`, clientId, clientSecret: 'wrong'}).getOAuthToken();
}
catch (error) {
    badCredentials = error.error;
}
print(JSON.stringify({checked, faults, leads: leads.result[0], cars: cars.result[0], completed: completed.result[0], file,
                      cancelled: cancelled.result[0].status, refused: refused && refused.errors, recovered: recovered.result[0].status,
                      badCredentials, found: found.result.map(({sku}) => sku),
                      written: [...written.result, ...deleted.result].map(({status}) => status)}));
