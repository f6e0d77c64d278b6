// What other people's programs make of our answers, as one JSON: three readers of a Link header, and npm's braze-api,
// whose fixed paths are led to ours by an address that ends in a query.
//   node braze_clients.cjs URL LINK INTEGRATION KEY
const parseLinkHeader = require('parse-link-header');
const LinkHeader = require('http-link-header');
const li = require('li');
const { Braze } = require('braze-api');

const [url, link, integration, key] = process.argv.slice(2);

function links() {
    const parsed = parseLinkHeader(link);
    const refs = LinkHeader.parse(link);
    return {
        'parse-link-header': { prev: parsed.prev.url, next: parsed.next.url },
        'http-link-header': { prev: refs.rel('prev')[0].uri, next: refs.rel('next')[0].uri },
        li: li.parse(link),
    };
}

async function ask(path, withKey) {
    try {
        return { message: (await new Braze(url + path, withKey).campaigns.list({})).message };
    } catch (error) {
        return [error.status, error.message];
    }
}

async function main() {
    const status = `/cdi/integrations/${integration}/job_sync_status`;
    console.log(JSON.stringify({
        links: links(),
        good: await ask(`${status}?x=`, key),
        errors: {
            'bad key': await ask(`${status}?x=`, 'none'),
            'bad cursor': await ask(`${status}?cursor=!!&x=`, key),
            'bad integration': await ask('/cdi/integrations/7/job_sync_status?x=', key),
            'no such address': await ask('/cdi', key),
        },
    }));
}

main();
