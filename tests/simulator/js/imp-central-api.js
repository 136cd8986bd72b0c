// Drives the simulator through every resource with the maker's own library, so that a
// misunderstanding which our clients and our simulator share cannot hide.
//
// It needs imp-central-api 1.7.0 where node looks for modules. Start it as
//   imp-sim run --devices 50 --production 10 -- node tests/js/imp-central-api.js
// It ends with 1 at the first difference.

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const ImpCentralApi = require('imp-central-api');

const { DeviceGroups, Deployments, Devices, LogStreams, Products, Webhooks } = ImpCentralApi;

const env = process.env;
const api = new ImpCentralApi(env.IMPT_ENDPOINT);

const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

// One request. The library leaves the rate limit to its user: wait and ask again.
async function ask(request) {
    for (;;) {
        try {
            return await request();
        } catch (error) {
            if (error.statusCode !== 429) throw error;
            await pause(1000);
        }
    }
}

// The error that a request must end with.
async function refused(request, status, text) {
    let answer;
    try {
        answer = await ask(request);
    } catch (error) {
        const found = error.statusCode;
        assert.equal(found, status, `${error.message}`);
        if (text) assert.ok(error.message.includes(text), error.message);
        return error;
    }
    assert.fail(`not refused: ${JSON.stringify(answer)}`);
}

// The ids of a whole list, page by page.
async function everything(list, size = 100) {
    const ids = [];
    for (let page = 1; ; page++) {
        const answer = await ask(() => list(page, size));
        assert.ok(answer.data.length <= size);
        ids.push(...answer.data.map(entity => entity.id));
        if (!('next' in answer.links)) break;
        assert.equal(answer.data.length, size);
    }
    assert.equal(new Set(ids).size, ids.length, 'an entity came twice');
    return ids;
}

async function listed(list, wanted, size) {
    assert.deepEqual((await everything(list, size)).sort(), [...wanted].sort());
}

async function control(method, what, body) {
    const options = { method, body: body && JSON.stringify(body) };
    const answer = await fetch(`${env.IMP_SIM_CONTROL}/${what}`, options);
    assert.equal(answer.status, 200, await answer.clone().text());
    const text = await answer.text();
    return text.split('\n').filter(line => line).map(line => JSON.parse(line));
}

// Waits until something is so; a message arrives when it arrives.
async function until(what, condition) {
    for (let tries = 0; tries < 500; tries++) {
        const found = condition();
        if (found) return found;
        await pause(20);
    }
    assert.fail(`it did not come: ${what}`);
}

const steps = [];
const step = (name, work) => steps.push([name, work]);

const named = name => ({ name, description: `about ${name}` });
const target = (type, entity) => ({ type, id: entity.data.id });
const T = DeviceGroups;
let me, product, other, groups, devices, builds;

step('sign-in by password, refresh token and login key', async () => {
    await refused(() => api.auth.login(env.IMP_SIM_USER, 'wrong'), 401, 'Invalid Credentials');
    const signedIn = await ask(() => api.auth.login(env.IMP_SIM_USER, env.IMP_SIM_PASSWORD));
    assert.equal(signedIn.refresh_token.length, 64);
    assert.ok((await ask(() => api.auth.refreshAccessToken(signedIn.refresh_token))).access_token);
    assert.ok((await ask(() => api.auth.getAccessToken(env.IMPT_LOGINKEY))).expires_at);
    await refused(() => api.auth.getAccessToken('0123456789abcdef'), 404);
    const tokens = await ask(() => api.auth.getRefreshTokens());
    assert.ok(tokens.data.length >= 1);
    const { id } = tokens.data[tokens.data.length - 1];
    await ask(() => api.auth.deleteRefreshToken(id));
    await refused(() => api.auth.refreshAccessToken(signedIn.refresh_token), 404);
    assert.equal(JSON.parse(fs.readFileSync(env.IMP_AUTH_FILE)).endpoint, env.IMPT_ENDPOINT);
});

step('accounts', async () => {
    me = (await ask(() => api.accounts.get('me'))).data;
    assert.equal(me.type, 'account');
    assert.equal(me.attributes.username, env.IMP_SIM_USER);
    assert.equal((await ask(() => api.accounts.get(me.id))).data.id, me.id);
    const ids = await everything((page, size) => api.accounts.list(page, size), 1);
    assert.ok(ids.includes(me.id) && ids.length > 1);
    await refused(() => api.accounts.get('nobody at all'), 404);
});

step('login keys', async () => {
    const password = env.IMP_SIM_PASSWORD;
    const key = await ask(() => api.accounts.createLoginKey(password, { description: 'one' }));
    const { id } = key.data;
    assert.match(id, /^[0-9a-f]{16}$/);
    assert.equal(key.data.attributes.usages, 0);
    await ask(() => api.auth.getAccessToken(id));
    assert.equal((await ask(() => api.accounts.getLoginKey(id))).data.attributes.usages, 1);
    const changed = await ask(() => api.accounts.updateLoginKey(id, password, { description: 'two' }));
    assert.equal(changed.data.attributes.description, 'two');
    const keys = await everything((page, size) => api.accounts.listLoginKeys(page, size), 1);
    assert.ok(keys.includes(id));
    await refused(() => api.accounts.deleteLoginKey(id, 'wrong'), 403);
    await ask(() => api.accounts.deleteLoginKey(id, password));
    await refused(() => api.accounts.getLoginKey(id), 404);
});

step('products', async () => {
    product = await ask(() => api.products.create(named('JsProduct')));
    assert.equal(product.data.type, 'product');
    assert.equal(product.data.attributes.description, 'about JsProduct');
    assert.equal(product.data.relationships.owner.id, me.id);
    other = await ask(() => api.products.create({ name: 'JsOther' }, me.id));
    await refused(() => api.products.create(named('JsProduct')), 409, 'Duplicate Resource: Products must have unique names.');
    const changed = await ask(() => api.products.update(product.data.id, { name: 'JsRenamed', description: '' }));
    assert.equal(changed.data.attributes.name, 'JsRenamed');
    assert.equal(changed.data.attributes.description, '');
    assert.equal((await ask(() => api.products.get(product.data.id))).data.id, product.data.id);
    const mine = await everything((page, size) => api.products.list({ [Products.FILTER_OWNER_ID]: me.id }, page, size), 1);
    const all = await everything((page, size) => api.products.list(null, page, size));
    assert.ok(mine.includes(product.data.id) && mine.includes(other.data.id));
    assert.ok(all.length > mine.length, "a collaborator's product is listed without a filter");
    await refused(() => api.products.get('some name'), 404);
});

step('device groups of all seven types', async () => {
    groups = {};
    const create = (type, ...targets) => ask(() =>
        api.deviceGroups.create(product.data.id, type, named(`Js ${type}`), ...targets));
    for (const type of [T.TYPE_DEVELOPMENT, T.TYPE_PRE_PRODUCTION, T.TYPE_PRODUCTION, T.TYPE_PRE_DUT, T.TYPE_DUT]) {
        groups[type] = await create(type);
    }
    for (const [type, production, dut] of [
        [T.TYPE_PRE_FACTORY_FIXTURE, T.TYPE_PRE_PRODUCTION, T.TYPE_PRE_DUT],
        [T.TYPE_FACTORY_FIXTURE, T.TYPE_PRODUCTION, T.TYPE_DUT],
    ]) {
        const targets = [target(production, groups[production]), target(dut, groups[dut])];
        groups[type] = await create(type, ...targets);
        assert.equal(groups[type].data.relationships.dut_target.id, groups[dut].data.id);
        // Without the targets a fixture group can be updated too.
        const { id } = groups[type].data;
        await ask(() => api.deviceGroups.update(id, type, { name: `Js2 ${type}` }));
        await ask(() => api.deviceGroups.update(id, type, { name: `Js ${type}` }, ...targets));
        await refused(() => api.deviceGroups.delete(groups[dut].data.id), 409);
    }
    for (const [type, group] of Object.entries(groups)) {
        assert.equal(group.data.type, type);
        const shown = await ask(() => api.deviceGroups.get(group.data.id));
        assert.equal(shown.data.relationships.product.id, product.data.id);
        await refused(() => api.products.get(group.data.id), 404);
        const list = (page, size) => api.deviceGroups.list(
            { [T.FILTER_PRODUCT_ID]: product.data.id, [T.FILTER_TYPE]: type, [T.FILTER_OWNER_ID]: me.id }, page, size);
        await listed(list, [group.data.id]);
    }
    const inProduct = (page, size) => api.deviceGroups.list({ [T.FILTER_PRODUCT_ID]: product.data.id }, page, size);
    assert.equal((await everything(inProduct, 2)).length, 7);
    await refused(() => create(T.TYPE_DEVELOPMENT), 409, 'Devicegroups must have unique names.');
    await refused(() => api.products.delete(product.data.id), 409, 'Dependent Devicegroups Exist');
});

step('attributes of device groups', async () => {
    const { id } = groups[T.TYPE_DEVELOPMENT].data;
    const variables = { a: 1, b_2: 'two', c: 2.5 };
    const update = attributes => ask(() => api.deviceGroups.update(id, T.TYPE_DEVELOPMENT, { name: 'Js dev', ...attributes }));
    assert.deepEqual((await update({ env_vars: variables })).data.attributes.env_vars, variables);
    assert.deepEqual((await update({ env_vars: {} })).data.attributes.env_vars, {});
    const blessed = groups[T.TYPE_PRODUCTION].data;
    assert.equal(blessed.attributes.load_code_after_blessing, true);
    const changed = await ask(() => api.deviceGroups.update(
        blessed.id, T.TYPE_PRODUCTION, { name: 'Js production', load_code_after_blessing: false }));
    assert.equal(changed.data.attributes.load_code_after_blessing, false);
    const region = await ask(() => api.deviceGroups.create(
        product.data.id, T.TYPE_PRODUCTION, { name: 'Js region', region: 'eu' }));
    assert.equal(region.data.attributes.region, 'eu');
    await ask(() => api.deviceGroups.delete(region.data.id));
    await refused(() => api.deviceGroups.get(region.data.id), 404);
});

step('devices: lists with every filter', async () => {
    const unassigned = { [Devices.FILTER_DEVICE_GROUP_OWNER_ID]: 'null' };
    devices = (await ask(() => api.devices.list(unassigned, 1, 100))).data;
    assert.equal(devices.length, 50);
    devices = devices.filter(device => device.attributes.imp_type !== 'imp001' && !device.id.startsWith('23'));
    assert.equal((await everything((page, size) => api.devices.list(unassigned, page, size), 7)).length, 50);
    const all = await everything((page, size) => api.devices.list(null, page, size), 20);
    assert.equal(all.length, 60);
    const production = { [Devices.FILTER_DEVICE_GROUP_TYPE]: T.TYPE_PRODUCTION };
    const made = (await ask(() => api.devices.list(production, 1, 100))).data;
    assert.equal(made.length, 10);
    const { product: theirs, devicegroup: group, owner } = made[0].relationships;
    for (const filters of [
        { [Devices.FILTER_PRODUCT_ID]: theirs.id },
        { [Devices.FILTER_DEVICE_GROUP_ID]: group.id },
        { [Devices.FILTER_DEVICE_GROUP_OWNER_ID]: owner.id, [Devices.FILTER_OWNER_ID]: owner.id, ...production },
    ]) {
        await listed((page, size) => api.devices.list(filters, page, size), made.map(device => device.id));
    }
    await refused(() => api.devices.get('no such device'), 404);
});

step('devices: by id, MAC address and agent id', async () => {
    const group = groups[T.TYPE_DEVELOPMENT].data.id;
    const [first, second, third] = devices;
    await ask(() => api.deviceGroups.addDevices(group, first.id, second.attributes.mac_address, third.id));
    const inGroup = (page, size) => api.devices.list({ [Devices.FILTER_DEVICE_GROUP_ID]: group }, page, size);
    await listed(inGroup, [first.id, second.id, third.id]);
    const shown = (await ask(() => api.devices.get(first.id))).data;
    assert.equal(shown.relationships.devicegroup.id, group);
    const names = [first.id, shown.attributes.mac_address, shown.attributes.agent_id];
    for (const name of names) {
        assert.equal((await ask(() => api.devices.get(name))).data.id, first.id);
        const renamed = await ask(() => api.devices.update(name, { name: `js ${name}` }));
        assert.equal(renamed.data.attributes.name, `js ${name}`);
        await ask(() => api.devices.restart(name));
        await ask(() => api.devices.conditionalRestart(name));
        const logs = await ask(() => api.devices.getLogs(name, 1, 1));
        assert.equal(logs.data.length, 1);
        assert.deepEqual(Object.keys(logs.data[0]).sort(), ['device_id', 'log_type', 'msg', 'ts', 'type']);
    }
    await ask(() => api.deviceGroups.removeDevices(group, null, names[0], second.attributes.mac_address));
    await listed(inGroup, [third.id]);
    const back = (await ask(() => api.devices.get(first.id))).data;
    assert.equal(back.attributes.agent_id, null);
    assert.ok(!('devicegroup' in back.relationships));
    await ask(() => api.deviceGroups.addDevices(group, first.id));
    assert.equal((await ask(() => api.devices.get(names[2]))).data.id, first.id, 'the same agent again');
    const elsewhere = await ask(() => api.deviceGroups.create(other.data.id, T.TYPE_DEVELOPMENT, named('Js elsewhere')));
    await ask(() => api.deviceGroups.addDevices(elsewhere.data.id, names[2]));
    await listed(inGroup, [third.id]);
    const failure = await refused(() => api.deviceGroups.addDevices(group, first.id, 'nothing', 'nobody'), 400);
    assert.deepEqual(failure.body.errors.map(error => error.status), ['404', '404']);
    await refused(() => api.deviceGroups.addDevices(groups[T.TYPE_PRODUCTION].data.id, first.id), 400);
    await refused(() => api.devices.delete(first.id), 409);
    await ask(() => api.deviceGroups.removeDevices(group, null, first.id));
    await refused(() => api.devices.restart(first.id), 409);
    await ask(() => api.devices.delete(first.id));
    await refused(() => api.devices.get(first.id), 404);
    await ask(() => api.deviceGroups.delete(elsewhere.data.id));
});

step('deployments', async () => {
    const group = groups[T.TYPE_DEVELOPMENT].data.id;
    const code = number => ({
        device_code: `server.log("device ${number}");\nfor (local i = 0; i < 3; i++) server.log("tick " + i);`,
        agent_code: 'server.log("agent");',
    });
    const create = attributes => ask(() => api.deployments.create(group, T.TYPE_DEVELOPMENT, attributes));
    builds = [
        await create({ ...code(1), description: 'first', origin: 'js', tags: ['b', 'a'], flagged: true }),
        await create({ ...code(2), tags: ['a'] }),
        await create(code(2)),
    ];
    const [first, second, third] = builds.map(build => build.data);
    assert.deepEqual(first.attributes.tags, ['b', 'a']);
    assert.equal(first.relationships.flagger.id, me.id);
    assert.equal(second.attributes.sha, third.attributes.sha);
    assert.notEqual(first.attributes.sha, second.attributes.sha);
    assert.match(first.attributes.sha, /^[0-9a-f]{64}$/);
    const shown = (await ask(() => api.deviceGroups.get(group))).data.relationships;
    assert.equal(shown.current_deployment.id, third.id);
    assert.equal(shown.min_supported_deployment.id, first.id);
    const mine = { [Deployments.FILTER_PRODUCT_ID]: product.data.id };
    for (const [filters, wanted] of [
        [{}, builds.map(build => build.data)],
        [{ [Deployments.FILTER_OWNER_ID]: me.id, [Deployments.FILTER_CREATOR_ID]: me.id }, [first, second, third]],
        [{ [Deployments.FILTER_DEVICE_GROUP_ID]: group }, [first, second, third]],
        [{ [Deployments.FILTER_SHA]: second.attributes.sha }, [second, third]],
        [{ [Deployments.FILTER_FLAGGED]: true }, [first]],
        [{ [Deployments.FILTER_FLAGGED]: false }, [second, third]],
        [{ [Deployments.FILTER_FLAGGED]: 'any' }, [first, second, third]],
        [{ [Deployments.FILTER_FLAGGER_ID]: me.id }, [first]],
        [{ [Deployments.FILTER_TAGS]: 'a' }, [first, second]],
        [{ [Deployments.FILTER_TAGS]: 'a,b' }, [first]],
        [{ [Deployments.FILTER_TAGS]: ['a', 'b'] }, [first]],
    ]) {
        const list = (page, size) => api.deployments.list({ ...mine, ...filters }, page, size);
        await listed(list, wanted.map(build => build.id));
        await listed(list, wanted.map(build => build.id), 1);
    }
    const changed = await ask(() => api.deployments.update(second.id, { description: 'new', flagged: true, tags: ['z', 'y'] }));
    const { description, flagged, tags } = changed.data.attributes;
    assert.deepEqual([description, flagged, tags], ['new', true, ['z', 'y']]);
    assert.equal((await ask(() => api.deployments.get(first.id))).data.attributes.device_code, code(1).device_code);
    await refused(() => api.deployments.get(group), 404);
    const failure = await refused(() => api.deployments.create(group, T.TYPE_DEVELOPMENT,
        { device_code: 'ok();\nserver.log("open;\n', agent_code: 'f({)' }), 400, 'Compilation Error');
    assert.equal(failure.body.errors[0].code, 'CX005');
    const places = failure.body.errors[0].meta.map(({ file, row, column }) => [file, row, column]);
    assert.deepEqual(places, [['device_code', 2, 12], ['agent_code', 1, 4]]);
});

step('the minimum deployment and deletion', async () => {
    const group = groups[T.TYPE_DEVELOPMENT].data.id;
    const [first, second, third] = builds.map(build => build.data.id);
    const minimum = id => api.deviceGroups.updateMinSupportedDeployment(group, id);
    await ask(() => minimum(first));
    await ask(() => minimum(third));
    await refused(() => minimum(second), 409);
    await refused(() => api.deployments.delete(first), 409, 'Resource Flagged');
    await ask(() => api.deployments.update(first, { flagged: false }));
    await ask(() => api.deployments.delete(first));
    await refused(() => api.deployments.delete(first), 404);
    await refused(() => api.deployments.delete(third), 409);
    await refused(() => api.deviceGroups.delete(group), 409);
    await ask(() => api.deviceGroups.restartDevices(group));
    await ask(() => api.deviceGroups.conditionalRestartDevices(group));
});

step('webhooks', async () => {
    const hooks = [];
    for (const [type, url, event, content_type] of [
        [T.TYPE_DEVELOPMENT, 'http://example.com/a', Webhooks.EVENT_DEPLOYMENT, Webhooks.CONTENT_TYPE_JSON],
        [T.TYPE_PRODUCTION, 'https://example.com/b', Webhooks.EVENT_BLESSING, Webhooks.CONTENT_TYPE_JSON],
        [T.TYPE_PRODUCTION, 'http://example.com/c', Webhooks.EVENT_BLINKUP, Webhooks.CONTENT_TYPE_WWW_FORM],
    ]) {
        const hook = await ask(() => api.webhooks.create(groups[type].data.id, type, { url, event, content_type }));
        assert.equal(hook.data.attributes.url, url);
        assert.equal(hook.data.relationships.devicegroup.id, groups[type].data.id);
        hooks.push(hook.data.id);
    }
    const filter = { [Webhooks.FILTER_DEVICE_GROUP_ID]: groups[T.TYPE_PRODUCTION].data.id };
    await listed((page, size) => api.webhooks.list(filter, page, size), hooks.slice(1));
    await listed((page, size) => api.webhooks.list(null, page, size), hooks, 1);
    const changes = { url: 'http://example.com/d', content_type: Webhooks.CONTENT_TYPE_JSON };
    const changed = await ask(() => api.webhooks.update(hooks[2], changes));
    assert.deepEqual([changed.data.attributes.url, changed.data.attributes.content_type], Object.values(changes));
    const wrong = { url: 'not a url', event: Webhooks.EVENT_BLESSING, content_type: Webhooks.CONTENT_TYPE_JSON };
    await refused(() => api.webhooks.create(groups[T.TYPE_PRODUCTION].data.id, T.TYPE_PRODUCTION, wrong),
        400, 'Invalid URL: The provided URL is invalid.');
    for (const hook of hooks) {
        assert.equal((await ask(() => api.webhooks.get(hook))).data.id, hook);
        await ask(() => api.webhooks.delete(hook));
        await refused(() => api.webhooks.delete(hook), 404);
    }
});

step('log streams in both formats', async () => {
    const group = groups[T.TYPE_DEVELOPMENT].data.id;
    const device = devices[2];
    await control('POST', 'offline', { devices: [device.id] });
    await control('POST', 'online', { devices: [device.id] });
    for (const format of [LogStreams.FORMAT_TEXT, LogStreams.FORMAT_JSON]) {
        const json = format === LogStreams.FORMAT_JSON;
        const messages = [], states = [], errors = [];
        const stream = await ask(() => api.logStreams.create(
            message => messages.push(message), state => states.push(state), error => errors.push(error), format));
        const { id } = stream.data;
        const state = word => json
            ? states.find(text => JSON.parse(text).state === word)
            : states.find(text => text === word || text === `${device.id} ${word}`);
        await until('opened', () => state('opened'));
        for (const name of [device.id, device.attributes.mac_address]) {
            states.length = 0;
            await ask(() => api.logStreams.addDevice(id, name));
            await until('subscribed', () => state('subscribed'));
        }
        await ask(() => api.devices.restart(device.id));
        const texts = () => messages.map(message => json ? JSON.parse(message).msg : message.split(' ').slice(4).join(' '));
        await until('the last tick', () => texts().includes('tick 2'));
        assert.equal(texts()[0], 'Agent restarted: reload.');
        assert.ok(texts().includes('agent') && texts().includes('device 2'));
        if (json) {
            assert.deepEqual(Object.keys(JSON.parse(messages[0])), ['device_id', 'ts', 'log_type', 'type', 'msg']);
        } else {
            assert.match(messages[0], new RegExp(`^${device.id} \\S+Z development status Agent`));
        }
        await ask(() => api.logStreams.removeDevice(id, device.id));
        await until('unsubscribed', () => state('unsubscribed'));
        assert.deepEqual(errors, []);
        await api.logStreams.close(id);
    }
    const page = await ask(() => api.devices.getLogs(device.id, 1, 5));
    assert.equal(page.data[0].msg, 'tick 2', 'the newest first');
    await ask(() => api.deviceGroups.removeDevices(group, null, device.id));
});

step('production devices', async () => {
    const filter = { [Devices.FILTER_DEVICE_GROUP_TYPE]: T.TYPE_PRODUCTION };
    const device = (await ask(() => api.devices.list(filter, 1, 1))).data[0];
    const group = device.relationships.devicegroup.id;
    await refused(() => api.devices.getLogs(device.id), 403);
    await refused(() => api.deviceGroups.removeDevices(group, null, device.id), 403);
    await pause(1000);
    await refused(() => api.deviceGroups.removeDevices(group, 'wrong', device.id), 403);
    await ask(() => api.deviceGroups.removeDevices(group, 'sim-unbond-key', device.id));
    assert.ok(!('devicegroup' in (await ask(() => api.devices.get(device.id))).data.relationships));
});

step('everything is deleted', async () => {
    for (const build of await everything((page, size) => api.deployments.list(
        { [Deployments.FILTER_PRODUCT_ID]: product.data.id, [Deployments.FILTER_FLAGGED]: true }, page, size))) {
        await ask(() => api.deployments.update(build, { flagged: false }));
    }
    const order = Object.entries(groups).sort(([type]) => type.includes('fixture') ? -1 : 1);
    for (const [, group] of order) {
        await ask(() => api.deviceGroups.delete(group.data.id));
        await refused(() => api.deviceGroups.delete(group.data.id), 404);
    }
    for (const { data } of [product, other]) {
        await ask(() => api.products.delete(data.id));
        await refused(() => api.products.delete(data.id), 404);
    }
});

(async () => {
    for (const [name, work] of steps) {
        try {
            await work();
        } catch (error) {
            console.error(`not ok - ${name}\n${error.stack}`);
            process.exit(1);
        }
        console.log(`ok - ${name}`);
    }
    process.exit(0);
})();
