// SPDX-License-Identifier: Apache-2.0
// What the owner of an account does to keep it: cancels control strings he has
// not asked for, by the link in the mail, and ends sessions that he does not
// know; in both languages, with and without JavaScript.
'use strict';

const { ok, is, run, startSite, openBrowser, openPage } = require('./lib.js');
const words = require('./words.js');

const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
    + ' Version/17.5 Mobile/15E148 Safari/604.1';

function t(owner, text) {
    return `${owner.name}: ${text}`;
}

function button(page, name) {
    return page.getByRole('button', { name, exact: true });
}

function link(page, name) {
    return page.getByRole('link', { name, exact: true }).first();
}

function pathOf(page) {
    return new URL(page.url()).pathname;
}

// A mail comes that nobody asked for; its owner clicks, reads, and cancels.
async function disown(owner) {
    const { page, site } = owner;
    await page.goto(`${site.origin}/account/forgot`);
    await page.getByLabel(owner.words.email, { exact: true }).fill(site.env.EMAIL);
    await button(page, owner.words.send).click();
    await page.getByRole('status').waitFor();
    const mail = await site.mail();
    [owner.link] = /^http\S+\/account\/reset\?\S+$/m.exec(mail.text);
    await page.goto('about:blank');
    await page.setContent(mail.html);
    await page.locator('a[href*="/account/notme?"]').click();
    await button(page, owner.words.notMe).waitFor();
    const text = await page.getByRole('main').innerText();
    ok(text.includes(site.env.LOGIN), t(owner, 'the page says whose account it is'), text);
    await page.goto(owner.link);
    await button(page, owner.words.change).waitFor();
    ok(true, t(owner, 'to look has ended nothing'));
    await page.goBack();
    await button(page, owner.words.notMe).click();
    const notice = page.getByRole('status');
    await notice.waitFor();
    ok(owner.words.cancelled.test(await notice.innerText()), t(owner, 'it is said that the strings are cancelled'));
    ok(!page.url().includes('token='), t(owner, 'and the address holds no secret'), page.url());
    await page.reload();
    is(await page.getByRole('status').count(), 1, t(owner, 'which may be read again'));
    await page.goto(owner.link);
    const said = await page.getByRole('alert').innerText();
    ok(owner.words.dead.test(said), t(owner, 'the string of the mail has ended'), said);
    is(site.newMails().length, 0, t(owner, 'no other mail is sent'));
}

async function signIn(owner, page) {
    const { site } = owner;
    await page.goto(`${site.origin}/portal/`);
    await page.getByLabel(owner.words.login, { exact: true }).fill(site.env.LOGIN);
    await page.getByLabel(owner.words.oldPassword, { exact: true }).fill(site.password);
    await button(page, owner.words.enter).click();
    await page.waitForURL('**/portal/');
}

async function isIn(page, site) {
    await page.goto(`${site.origin}/portal/`);
    return pathOf(page) === '/portal/';
}

// Three browsers: one ends another, and then all but itself.
async function endSessions(owner) {
    const { page, site } = owner;
    const other = await openPage(owner.browser, owner);
    const third = await openPage(owner.browser, { ...owner, userAgent: phone });
    for (const each of [page, other, third]) {
        await signIn(owner, each);
    }
    await link(page, 'Your sessions').click();
    is(pathOf(page), '/account/sessions', t(owner, 'the portal leads to the list'));
    const items = page.getByRole('main').locator('.sessions > li');
    is(await items.count(), 3, t(owner, 'which has all three'));
    is(await items.first().getByText(owner.words.thisSession, { exact: true }).count(), 1,
        t(owner, 'the first is this one'));
    is(await items.first().getByRole('button').count(), 0, t(owner, 'which has no button'));
    const names = await items.getByRole('button').evaluateAll((all) => all.map((element) => element.textContent));
    is(new Set(names).size, 2, t(owner, 'a screen reader hears which one each button ends'));
    const iPhone = items.filter({ has: page.getByRole('heading', { name: 'Safari, iPhone' }) });
    await iPhone.getByRole('button').click();
    await page.getByRole('status').waitFor();
    is(await isIn(third, site), false, t(owner, 'the telephone is out'));
    is(await isIn(other, site), true, t(owner, 'the other one is not'));
    await button(page, owner.words.endOthers).click();
    await page.getByRole('status').waitFor();
    is(await items.count(), 1, t(owner, 'one is left'));
    is(await button(page, owner.words.endOthers).count(), 0, t(owner, 'and nothing more to end'));
    is(await isIn(other, site), false, t(owner, 'the other one is out'));
    is(await isIn(page, site), true, t(owner, 'this one is not'));
    for (const each of [page, other, third]) {
        ok(each.problems.length === 0, t(owner, 'the console is empty'), each.problems.join('\n'));
    }
    await page.goto(`${site.origin}/account/logout`);
    await button(page, owner.words.leave).click();
    await page.getByRole('status').waitFor();
    await other.context().close();
    await third.context().close();
}

// A browser that keeps no cookies (it gets none): a sentence, and no loop.
async function withoutCookies(owner) {
    const page = await openPage(owner.browser, { ...owner, userAgent: 'NoCookies' });
    let shown = 0;
    page.on('framenavigated', () => { shown += 1; });
    await page.goto(`${owner.site.origin}/portal/`);
    await page.getByLabel(owner.words.login, { exact: true }).fill(owner.site.env.LOGIN);
    await page.getByLabel(owner.words.oldPassword, { exact: true }).fill(owner.site.password);
    await button(page, owner.words.enter).click();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    ok(owner.words.cookies.test(await alert.innerText()), t(owner, 'without cookies there is a sentence'));
    ok(shown <= 2, t(owner, 'and no loop'), `${shown} pages`);
    await page.context().close();
}

run(async () => {
    const site = await startSite({
        directives: 'Header unset Set-Cookie "expr=%{HTTP_USER_AGENT} == \'NoCookies\'"',
    });
    const browser = await openBrowser();
    for (const lang of ['en', 'ru']) {
        for (const js of [true, false]) {
            const owner = { browser, site, lang, js, words: words[lang] };
            owner.name = `${lang}, ${js ? 'with' : 'without'} JavaScript`;
            owner.page = await openPage(browser, owner);
            for (const step of [disown, endSessions, withoutCookies]) {
                await step(owner);
            }
            await owner.page.context().close();
        }
    }
    const complaints = site.complaints();
    ok(complaints.length === 0, 'the error log is clean', complaints.join('\n'));
});
