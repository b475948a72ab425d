// SPDX-License-Identifier: Apache-2.0
// The ten steps from a forgotten password to the portal, as a person goes
// them: on both databases, in both languages, with and without JavaScript, and
// under a plain-http name from which browsers send no Sec-Fetch headers.
'use strict';

const { randomBytes } = require('node:crypto');

const { ok, is, note, run, startSite, openBrowser, openPage } = require('./lib.js');
const words = require('./words.js');

const host = 'pwreset.test';

// A walk in progress: {page, site, words, lang, js, name}; `t` names its tests.
function t(walk, text) {
    return `${walk.name}: ${text}`;
}

function button(walk, name) {
    return walk.page.getByRole('button', { name, exact: true });
}

function link(walk, name) {
    return walk.page.getByRole('link', { name, exact: true }).first();
}

function field(walk, name) {
    return walk.page.getByLabel(name, { exact: true });
}

function pathOf(page) {
    return new URL(page.url()).pathname;
}

// 1. The portal leads to the login page, and it to the forgot page.
async function reachForgot(walk) {
    await walk.page.goto(`${walk.site.origin}/portal/`);
    is(pathOf(walk.page), '/account/login', t(walk, 'the portal leads to the login page'));
    is(await walk.page.getAttribute('html', 'lang'), walk.lang, t(walk, 'in the language of the browser'));
    await link(walk, walk.words.forgotLink).click();
    await button(walk, walk.words.send).waitFor();
    is(pathOf(walk.page), '/account/forgot', t(walk, 'the link leads to the forgot page'));
}

// 2. and 3. The address is typed; the notice says what will happen.
async function askForString(walk) {
    const email = field(walk, walk.words.email);
    is(await email.getAttribute('type'), 'text', t(walk, 'browsers take Cyrillic addresses'));
    is(await email.getAttribute('inputmode'), 'email', t(walk, 'phones show their keyboard for addresses'));
    await email.fill(walk.site.env.EMAIL);
    walk.asked = Date.now();
    await button(walk, walk.words.send).click();
    const notice = walk.page.getByRole('status');
    await notice.waitFor();
    const text = await notice.innerText();
    for (const part of ['sent', 'spam', 'help']) {
        ok(walk.words[part].test(text), t(walk, `the notice says: ${walk.words[part].source}`), text);
    }
    is(await notice.locator('svg, img').count(), 1, t(walk, 'the notice has an icon, too'));
}

// 4. The mail.
async function readMail(walk) {
    const mail = await walk.site.mail();
    note(`the mail came after ${Date.now() - walk.asked} ms`);
    is(mail.header.to?.includes(walk.site.env.EMAIL), true, t(walk, 'the mail is addressed'));
    for (const kind of ['text', 'html']) {
        const part = mail[kind] ?? '';
        ok(part.includes(walk.site.env.LOGIN), t(walk, `its ${kind} part names the login`), part);
        ok(part.includes('127.0.0.1'), t(walk, `its ${kind} part says who asked`), part);
        ok(walk.lang === 'ru' ? /[а-яё]{5}/i.test(part) : !/[а-яё]/i.test(part),
            t(walk, `its ${kind} part is in the user's language`), part);
    }
    [walk.link] = /^\s*(https?:\S+\/account\/reset\?\S+)\s*$/m.exec(mail.text)?.slice(1) ?? [''];
    [walk.string] = /\b(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}\b/.exec(mail.text) ?? [''];
    ok(walk.link.startsWith(`${walk.site.origin}/account/reset?`), t(walk, 'the link stands in one line'), mail.text);
    ok(walk.string !== '', t(walk, 'the control string is there'), mail.text);
    const shown = await walk.page.context().newPage();
    await shown.setContent(mail.html);
    const targets = await shown.getByRole('link').evaluateAll((links) => links.map((element) => element.href));
    ok(targets.includes(walk.link), t(walk, 'the link can be clicked'), targets.join('\n'));
    await shown.close();
}

// 5. By the link, or by typing the string carelessly on the page without link.
async function openForm(walk) {
    if (walk.js) {
        await walk.page.goto(walk.link);
    } else {
        await walk.page.goto(`${walk.site.origin}/account/reset`);
        await field(walk, walk.words.token).fill(` ${walk.string.toLowerCase().replace(/-/g, ' ')} `);
        await button(walk, walk.words.goOn).click();
    }
    const password = field(walk, walk.words.password);
    await password.waitFor();
    const login = walk.page.locator('input[name=login]');
    is(await login.inputValue(), walk.site.env.LOGIN, t(walk, 'the login is filled in'));
    is(await login.getAttribute('readonly'), '', t(walk, 'and cannot be changed'));
    is(await login.getAttribute('autocomplete'), 'username', t(walk, 'a password manager finds it'));
    const token = field(walk, walk.words.token);
    is(await token.inputValue(), walk.string, t(walk, 'the control string is filled in'));
    is(await token.getAttribute('autocomplete'), 'off', t(walk, 'browsers do not keep it'));
    for (const name of ['password', 'confirm']) {
        is(await field(walk, walk.words[name]).getAttribute('autocomplete'), 'new-password',
            t(walk, `a password manager offers one for ${name}`));
    }
    ok(/minlength: ?12/.test(await password.getAttribute('passwordrules') ?? ''), t(walk, 'and knows the rules'));
    const rules = await walk.page.getByRole('main').getByRole('listitem').allInnerTexts();
    ok(rules.some((rule) => rule.includes('12')), t(walk, 'the rules are listed before anything is sent'),
        rules.join('\n'));
}

// 6. What is wrong is said all at once, and the string stays good.
async function beRefused(walk) {
    await field(walk, walk.words.password).fill('demo');
    await field(walk, walk.words.confirm).fill('other');
    await button(walk, walk.words.change).click();
    const alert = walk.page.getByRole('alert');
    await alert.waitFor();
    const wrong = await alert.getByRole('listitem').allInnerTexts();
    ok(wrong.length >= 2, t(walk, 'everything that is wrong is said at once'), wrong.join('\n'));
    ok(await alert.evaluate((element) => element.contains(document.activeElement)),
        t(walk, 'the summary has the focus'));
    is(await walk.page.locator('[name=token]').inputValue(), walk.string, t(walk, 'the string is still there'));
    is(await walk.page.locator('[name=password]').inputValue(), '', t(walk, 'the password is not sent back'));
    const hurt = walk.page.locator('[name=password]');
    is(await hurt.getAttribute('aria-invalid'), 'true', t(walk, 'the field is marked'));
}

// 6. and 7. The change (by a nervous finger, where no script swallows it), its mail.
async function change(walk) {
    const password = `${walk.lang === 'ru' ? 'кедр-облако' : 'cedar-cloud'}-${randomBytes(6).toString('hex')}`;
    await field(walk, walk.words.password).fill(password);
    await field(walk, walk.words.confirm).fill(password);
    await button(walk, walk.words.change)[walk.js ? 'click' : 'dblclick']();
    await link(walk, walk.words.toLogin).waitFor();
    is(await walk.page.getByRole('status').count(), 1, t(walk, 'the page says that it worked'));
    walk.site.password = password;
    const mail = await walk.site.mail();
    ok(mail.text.includes('127.0.0.1') && mail.text.includes(`${walk.site.origin}/account/forgot`),
        t(walk, 'a mail says from where, and the way on'), mail.text);
    ok(!`${mail.text}${mail.html}`.includes(password), t(walk, 'and not the password'));
}

// 8. to 10. From the success page through the login page to the portal.
async function signIn(walk) {
    await link(walk, walk.words.toLogin).click();
    const login = field(walk, walk.words.login);
    await login.waitFor();
    is(await login.inputValue(), walk.site.env.LOGIN, t(walk, 'the login page knows the login'));
    const password = field(walk, walk.words.oldPassword);
    is(await password.getAttribute('autocomplete'), 'current-password', t(walk, 'a password manager fills it in'));
    await password.fill(walk.site.password);
    await button(walk, walk.words.enter).click();
    await walk.page.waitForURL('**/portal/');
    is(await walk.page.locator('#login').innerText(), walk.site.env.LOGIN, t(walk, 'the portal greets the user'));
}

// What was open elsewhere has ended, the spent link says so, and one can leave.
async function afterwards(walk) {
    await walk.other.goto(`${walk.site.origin}/portal/`);
    is(pathOf(walk.other), '/account/login', t(walk, 'the session in another browser has ended'));
    await walk.page.goto(walk.link);
    const said = await walk.page.getByRole('alert').innerText();
    ok(walk.words.spent.test(said), t(walk, 'the link says that it was used'), said);
    is(await link(walk, walk.words.another).count(), 1, t(walk, 'and offers a new one'));
    await walk.page.goto(`${walk.site.origin}/account/logout`);
    await button(walk, walk.words.leave).click();
    await walk.page.getByRole('status').waitFor();
    await walk.page.goto(`${walk.site.origin}/portal/`);
    is(pathOf(walk.page), '/account/login', t(walk, 'who has left must sign in again'));
    is(walk.site.newMails().length, 0, t(walk, 'there is no third mail'));
    for (const page of [walk.page, walk.other]) {
        ok(page.problems.length === 0, t(walk, 'the console is empty'), page.problems.join('\n'));
    }
}

// Another browser in which the user is signed in already.
async function signInElsewhere(walk) {
    walk.other = await openPage(walk.browser, walk);
    await walk.other.goto(`${walk.site.origin}/portal/`);
    await walk.other.getByLabel(walk.words.login, { exact: true }).fill(walk.site.env.EMAIL);
    await walk.other.getByLabel(walk.words.oldPassword, { exact: true }).fill(walk.site.password);
    await walk.other.getByRole('button', { name: walk.words.enter, exact: true }).click();
    await walk.other.waitForURL('**/portal/');
}

async function walkOnce(browser, site, label, { lang, js }) {
    const name = `${label}, ${lang}, ${js ? 'with' : 'without'} JavaScript`;
    const walk = { browser, site, lang, js, name, words: words[lang] };
    const begun = Date.now();
    walk.page = await openPage(browser, walk);
    for (const step of [signInElsewhere, reachForgot, askForString, readMail, openForm, beRefused, change, signIn,
        afterwards]) {
        await step(walk);
    }
    await walk.page.context().close();
    await walk.other.context().close();
    note(`figure: a walk (${name}), s = ${(Date.now() - begun) / 1000}`);
}

async function walksOn(db, name) {
    const label = `${db}${name ? ` on ${name}` : ''}`;
    const site = await startSite({ db, host: name });
    const browser = await openBrowser(name);
    for (const lang of ['en', 'ru']) {
        for (const js of [true, false]) {
            await walkOnce(browser, site, label, { lang, js });
        }
    }
    // Under prefork SQLite gets four children, and a browser keeps them busy.
    const complaints = site.complaints(...(process.env.PWR_MPM === 'prefork' && db === 'sqlite' ? ['AH00161'] : []));
    ok(complaints.length === 0, `${label}: the error log is clean`, complaints.join('\n'));
}

run(async () => {
    await walksOn('sqlite');
    await walksOn('mysql');
    await walksOn('sqlite', host);
});
