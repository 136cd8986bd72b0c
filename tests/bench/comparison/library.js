// What a script does with imp-central-api, the maker's JavaScript library, five calls at once:
//   node library.js once|again list|names|assign|restart|unassign
// `once` treats errors as the library's README does: it prints them. `again` repeats a call that was
// answered 429 after a second, for as long as it takes, as impt does. Batches are of 100 devices.

'use strict';

const fs = require('node:fs');
const ImpCentralApi = require('imp-central-api');

const [manner, job] = process.argv.slice(2);
const { IMPT_ENDPOINT, TOKEN, GROUP } = process.env;
const AT_ONCE = 5;
const MANY = 100;

const api = new ImpCentralApi(IMPT_ENDPOINT);
api.auth.accessToken = TOKEN;

async function call(request) {
    for (;;) {
        try {
            return await request();
        } catch (error) {
            if (error.statusCode !== 429 || manner === 'once') throw error;
            await new Promise(resolve => setTimeout(resolve, 1000));
        }
    }
}

async function atOnce(items, work) {
    const take = async () => {
        for (const item of items) {
            try {
                await call(() => work(item));
            } catch (error) {
                console.error(error.message);
                process.exitCode = 1;
            }
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, take));
}

// Pages are asked for until one comes that has none after it.
async function everything() {
    const pages = [];
    let isOver = false;
    function* numbers() {
        for (let page = 1; !isOver; page++) yield page;
    }
    await atOnce(numbers(), async page => {
        const answer = await api.devices.list(null, page, MANY);
        pages[page] = answer.data;
        isOver ||= !answer.links.next;
    });
    return pages.flat();
}

const lines = file => fs.readFileSync(file, 'utf8').split('\n').filter(line => line);

function* batches(ids) {
    for (let begin = 0; begin < ids.length; begin += MANY) yield ids.slice(begin, begin + MANY);
}

const print = texts => process.stdout.write(texts.map(text => `${text}\n`).join(''));

const jobs = {
    list: async () => print((await everything()).map(device => JSON.stringify(device))),
    names: async () => {
        const ids = new Map((await everything()).map(device => [device.attributes.name, device.id]));
        print(lines('names').filter(name => ids.has(name)).map(name => `${name}\t${ids.get(name)}`));
    },
    assign: () => atOnce(batches(lines('ids')), ids => api.deviceGroups.addDevices(GROUP, ...ids)),
    restart: () => atOnce(lines('ids').values(), id => api.devices.restart(id)),
    unassign: () =>
        atOnce(batches(lines('ids')), ids => api.deviceGroups.removeDevices(GROUP, null, ...ids)),
};

jobs[job]();
