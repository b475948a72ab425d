// SPDX-License-Identifier: Apache-2.0
// The walk by somebody who uses no mouse: Tab, letters and Enter, and at each
// stop one can see where one is.
'use strict';

const { ok, is, run, startSite, openBrowser, openPage } = require('./lib.js');

const tabsMax = 30;

// What has the focus: {name, text, seen}; `seen` when it has an outline or a
// shadow to show it.
function focused(page) {
    return page.evaluate(() => {
        const element = document.activeElement;
        const style = getComputedStyle(element);
        return {
            name: element.getAttribute('name') ?? element.tagName.toLowerCase(),
            href: element.getAttribute('href') ?? '',
            submits: element.matches('main form button[type=submit]'),
            seen: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none',
        };
    });
}

// Press Tab until `wanted` has the focus.
async function tabTo(page, wanted, what) {
    for (let tabs = 0; tabs <= tabsMax; tabs += 1) {
        const now = await focused(page);
        if (wanted(now)) {
            ok(now.seen, `${what}: one sees where one is`, JSON.stringify(now));
            return;
        }
        await page.keyboard.press('Tab');
    }
    throw new Error(`${what} cannot be reached by Tab on ${page.url()}`);
}

async function type(page, name, text) {
    await tabTo(page, (now) => now.name === name, `the field ${name}`);
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text);
}

async function press(page, wanted, what) {
    await tabTo(page, wanted, what);
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}

const toSubmit = (now) => now.submits;

const toPage = (name) => (now) => now.href.startsWith(`/account/${name}`);

run(async () => {
    const site = await startSite();
    const page = await openPage(await openBrowser());
    const password = 'cedar-cloud-by-keys-31c9';

    await page.goto(`${site.origin}/portal/`);
    is((await focused(page)).name, 'login', 'the login page begins in its first field');
    await press(page, toPage('forgot'), 'the link to the forgot page');
    is((await focused(page)).name, 'email', 'the forgot page begins in its field');
    await page.keyboard.type(site.env.EMAIL);
    await press(page, toSubmit, 'the button of the forgot page');
    const [link] = /http\S+\/account\/reset\?\S+/.exec((await site.mail()).text);

    await page.goto(link);
    await type(page, 'password', 'demo');
    await type(page, 'confirm', 'other');
    await press(page, toSubmit, 'the button of the reset page');
    await page.keyboard.press('Tab');
    await tabTo(page, (now) => now.href === '#password', 'the link from the summary to the field');
    await page.keyboard.press('Enter');
    is((await focused(page)).name, 'password', 'the summary leads to the field');
    await type(page, 'password', password);
    await type(page, 'confirm', password);
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    await press(page, toPage('login'), 'the link to the login page');
    is((await focused(page)).name, 'password', 'the login page begins in the password when the login is known');
    await page.keyboard.type(password);
    await Promise.all([page.waitForURL('**/portal/'), page.keyboard.press('Enter')]);
    is(await page.locator('#login').innerText(), site.env.LOGIN, 'the portal greets the user');
    ok(page.problems.length === 0, 'the console is empty', page.problems.join('\n'));
});
