// SPDX-License-Identifier: Apache-2.0
// Who sits down at a browser that somebody else has used, and goes back: what
// that one typed is not there.  Browsers keep a page as it was left, with its
// fields, unless the answer was no-store; the control is our page without that.
'use strict';

const { ok, is, run, startSite, openBrowser, openPage } = require('./lib.js');

const string = 'ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345';

// Fill in the form at `path`, send it, come back: the field's value then.
async function leaveAndReturn(page, site, path, values, field) {
    await page.goto(site.url + path);
    for (const [id, value] of Object.entries(values)) {
        await page.fill(`#${id}`, value);
    }
    await Promise.all([page.waitForNavigation(), page.click('main button[type=submit]')]);
    await page.goBack({ waitUntil: 'commit' });
    await page.waitForURL(site.url + path, { waitUntil: 'commit' });
    return page.inputValue(`#${field}`);
}

async function keep(page) {
    await page.route('**/account/*', async (route) => {
        const response = await route.fetch({ maxRedirects: 0 });
        await route.fulfill({ response, headers: { ...response.headers(), 'cache-control': 'no-cache, private' } });
    });
}

run(async () => {
    const site = await startSite();
    const browser = await openBrowser(undefined, { ignoreDefaultArgs: ['--disable-back-forward-cache'] });
    const signIn = { login: site.env.LOGIN, password: site.password };
    for (const js of [true, false]) {
        const name = js ? 'with JavaScript' : 'without JavaScript';
        let page = await openPage(browser, { js });
        is(await leaveAndReturn(page, site, '/account/login', signIn, 'password'), '', `${name}: no password`);
        ok(await page.getByText(`You are signed in as ${site.env.LOGIN}`).count() === 1, `${name}: the page is asked for anew`);
        page = await openPage(browser, { js });
        is(await leaveAndReturn(page, site, '/account/reset', { token: string }, 'token'), '', `${name}: no control string`);
        page = await openPage(browser, { js });
        await keep(page);
        is(await leaveAndReturn(page, site, '/account/login', signIn, 'password'), site.password,
            `${name}: control: it would be there`);
    }
    is(site.complaints().length, 0, 'nothing in the error log');
});
