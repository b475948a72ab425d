// SPDX-License-Identifier: Apache-2.0
// A site in its own colours, with its own logo: axe, which looks at contrast,
// finds nothing by day and by night; the logo is seen, and said.
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { ok, is, run, later, startSite, openBrowser, openPage, checkPage } = require('./lib.js');

const logo = (fill) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 60"><circle cx="30" cy="30" r="26" `
    + `fill="${fill}"/><rect x="72" y="20" width="160" height="20" rx="4" fill="${fill}"/><script>alert(1)</script></svg>`;

// A folder with two pictures, and what a site says to have them.
function logoDirectives() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pwr-logo-'));
    later(async () => fs.rmSync(folder, { recursive: true }));
    fs.chmodSync(folder, 0o755);
    fs.writeFileSync(path.join(folder, 'day.svg'), logo('#7a4a00'), { mode: 0o644 });
    fs.writeFileSync(path.join(folder, 'night.svg'), logo('#f0b760'), { mode: 0o644 });
    return [`PwResetTemplates "${folder}" ${os.userInfo().username}`,
        `PwResetLogo "${folder}/day.svg" "${folder}/night.svg"`];
}

// An accent alone, by which all else goes; and a look that is all the site's.
const brands = {
    accent: ['PwResetColor accent #8a1538'],
    all: ['PwResetColor accent #7a4a00 #f0b760', 'PwResetColor page #f7f3ea #14110b', 'PwResetColor surface #fffdf8 #1e1910',
        'PwResetColor text #2a2114 #f1e9da', 'PwResetColor muted #5d5140 #c2b59c'],
};

function seen(page, selector) {
    return page.locator(selector).evaluate((element) => {
        const box = element.getBoundingClientRect();
        return { width: Math.round(box.width), height: Math.round(box.height) };
    });
}

async function look(page, site, name, lang) {
    for (const [state, address] of [['login', 'login'], ['done', 'reset?done=1']]) {
        await page.goto(`${site.origin}/account/${address}`);
        await checkPage(page, `${name}, ${lang}, ${state}`);
    }
    await page.goto(`${site.origin}/account/forgot`);
    await page.locator('[name=email]').fill('x');
    await page.locator('main form button').click();
    await page.getByRole('alert').waitFor();
    await checkPage(page, `${name}, ${lang}, refused`);
    await page.goto(`${site.origin}/account/reset?token=${'0'.repeat(28)}`);
    await checkPage(page, `${name}, ${lang}, dead`);
}

async function looksOf(page) {
    return page.evaluate(() => {
        const button = getComputedStyle(document.querySelector('main form button'));
        return [button.backgroundColor, getComputedStyle(document.documentElement).backgroundColor];
    });
}

async function lookAtLogo(page, site) {
    await page.goto(`${site.origin}/account/login`);
    const picture = page.getByRole('img', { name: 'Quick start', exact: true });
    is(await picture.count(), 1, 'the logo is said as the name of the site');
    for (const [colorScheme, file] of [['light', 'logo.svg'], ['dark', 'logo-night.svg']]) {
        await page.emulateMedia({ colorScheme });
        await page.waitForFunction((name) => {
            const { complete, currentSrc } = document.querySelector('.logo');
            return complete && currentSrc.includes(`/account/assets/${name}`);
        }, file);
        const { width, height } = await seen(page, '.logo');
        ok(width > 100 && height >= 40, `${colorScheme}: ${file} is seen`, `${width} x ${height}`);
    }
    let asked = 0;
    page.on('dialog', (dialog) => { asked += 1; dialog.dismiss(); });
    await page.goto(`${site.origin}/account/assets/logo.svg`);
    await page.waitForLoadState('load');
    is(asked, 0, 'a script in it does not run');
    page.problems.splice(0);
}

// Said in the environment: a folder for pictures of some pages.
async function shoot(browser, site, name) {
    const folder = process.env.PWR_SHOTS;
    const looks = { desktop: { viewport: { width: 1280, height: 800 } }, phone: { viewport: { width: 360, height: 740 } },
        dark: { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
        russian: { viewport: { width: 1280, height: 800 }, lang: 'ru' } };
    for (const [look, options] of Object.entries(folder ? looks : {})) {
        const page = await openPage(browser, options);
        await page.goto(`${site.origin}/account/login`);
        await page.screenshot({ path: path.join(folder, `${name}-${look}.png`) });
        await page.context().close();
    }
}

run(async () => {
    const browser = await openBrowser();
    const grounds = new Set();
    brands.all.push(...logoDirectives());
    for (const [name, directives] of Object.entries(brands)) {
        const site = await startSite({ directives: directives.join('\n') });
        for (const lang of name === 'all' ? ['en', 'ru'] : ['en']) {
            const page = await openPage(browser, { lang });
            await look(page, site, name, lang);
            await page.goto(`${site.origin}/account/login`);
            for (const colorScheme of ['light', 'dark']) {
                await page.emulateMedia({ colorScheme });
                grounds.add((await looksOf(page)).join(' '));
            }
            await page.context().close();
        }
        await shoot(browser, site, name);
        if (name === 'all') {
            await lookAtLogo(await openPage(browser), site);
        }
        const complaints = site.complaints();
        ok(complaints.length === 0, `${name}: the error log is clean`, complaints.join('\n'));
    }
    ok(grounds.size === 4, 'control: the colours are the site\'s own, by day and by night', [...grounds].join('\n'));
});
