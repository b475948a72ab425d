// SPDX-License-Identifier: Apache-2.0
// Every page in every state, in both languages: axe, 320 px, the console.
'use strict';

const { ok, is, run, startSite, openBrowser, openPage, checkPage, axeFindings, overhang } = require('./lib.js');
const words = require('./words.js');

// Well-formed (the check symbol is right), and nobody's.
const unknownString = '0'.repeat(28);

function at(tour, path) {
    return tour.page.goto(`${tour.site.origin}/account${path}`);
}

// Fill in the fields by their names and send the form.
async function send(tour, fields) {
    for (const [name, value] of Object.entries(fields)) {
        await tour.page.locator(`[name=${name}]`).fill(value);
    }
    await tour.page.locator('main form button[type=submit]').click();
    await tour.page.waitForLoadState('load');
}

async function see(tour, name, role) {
    if (role) {
        is(await tour.page.getByRole(role).count(), 1, `${tour.lang}, ${name}: the notice has role ${role}`);
    }
    is(await tour.page.getAttribute('html', 'lang'), tour.lang, `${tour.lang}, ${name}: the language is said`);
    is(await tour.page.getByRole('heading', { level: 1 }).count(), 1, `${tour.lang}, ${name}: there is one heading`);
    ok((await tour.page.title()).length > 5, `${tour.lang}, ${name}: there is a title`);
    await checkPage(tour.page, `${tour.lang}, ${name}`);
}

// A mail as a mail program that trusts nobody shows it: no scripts, no styles
// but its own, nothing from elsewhere.
async function seeMail(tour, name, mail) {
    const asked = [];
    const note = (request) => asked.push(request.url());
    await tour.page.goto('about:blank');
    tour.page.on('request', note);
    await tour.page.setContent(mail.html);
    await checkPage(tour.page, `${tour.lang}, ${name}`);
    tour.page.off('request', note);
    ok(asked.length === 0, `${tour.lang}, ${name}: nothing is fetched`, asked.join('\n'));
}

async function seeForgot(tour) {
    await at(tour, '/forgot');
    await see(tour, 'forgot');
    await send(tour, { email: '<b>nobody' });
    await see(tour, 'forgot, refused', 'alert');
    await send(tour, { email: tour.site.env.EMAIL });
    await see(tour, 'forgot, sent', 'status');
}

async function seeReset(tour) {
    await at(tour, '/reset');
    await see(tour, 'reset, the string is asked for');
    await send(tour, { token: `${unknownString.slice(1)}1` });
    await see(tour, 'reset, mistyped', 'alert');
    await send(tour, { token: unknownString });
    await see(tour, 'reset, unknown', 'alert');
    const mail = await tour.site.mail();
    await seeMail(tour, 'the mail with the link', mail);
    const [link] = /http\S+\/account\/reset\?\S+/.exec(mail.text);
    await tour.page.goto(link);
    await see(tour, 'reset, the form');
    await send(tour, { password: 'demo', confirm: 'other' });
    await see(tour, 'reset, refused', 'alert');
    tour.site.password = `cedar-cloud-${tour.lang}-8e1f`;
    await send(tour, { password: tour.site.password, confirm: tour.site.password });
    await see(tour, 'reset, done', 'status');
    await tour.page.goto(link);
    await see(tour, 'reset, spent', 'alert');
    await seeMail(tour, 'the mail about the change', await tour.site.mail());
}

async function seeLogin(tour) {
    await at(tour, '/login');
    await see(tour, 'login');
    await send(tour, { login: '', password: '' });
    await see(tour, 'login, empty', 'alert');
    await send(tour, { login: tour.site.env.LOGIN, password: 'wrong' });
    await see(tour, 'login, wrong', 'alert');
    await send(tour, { login: tour.site.env.LOGIN, password: tour.site.password });
    await tour.page.waitForURL('**/portal/');
    await at(tour, '/login');
    await see(tour, 'login, already signed in');
}

async function seeChange(tour) {
    await tour.page.goto(`${tour.site.origin}/.well-known/change-password`);
    is(new URL(tour.page.url()).pathname, '/account/change', `${tour.lang}: the well-known address leads in`);
    await see(tour, 'change');
    await send(tour, { current: 'wrong', password: 'demo', confirm: 'other' });
    await see(tour, 'change, refused', 'alert');
    const password = `${tour.site.password}-new`;
    await send(tour, { current: tour.site.password, password, confirm: password });
    tour.site.password = password;
    await see(tour, 'change, done', 'status');
    await tour.site.mail();
}

// Asked for in another browser, so that no notice is waited for here.
async function seeNotme(tour) {
    await at(tour, '/notme');
    await see(tour, 'not me, the link is asked for');
    await send(tour, { token: 'http' });
    await see(tour, 'not me, mistyped', 'alert');
    await send(tour, { token: unknownString });
    await see(tour, 'not me, unknown', 'alert');
    await at(tour, '/forgot');
    await send(tour, { email: tour.site.env.EMAIL });
    const mail = await tour.site.mail();
    const [link] = /http\S+\/account\/notme\?\S+/.exec(mail.text);
    await tour.page.goto(link);
    await see(tour, 'not me');
    await send(tour, {});
    await see(tour, 'not me, done', 'status');
}

async function seeSessions(tour) {
    const other = await openPage(tour.page.context().browser());
    await other.goto(`${tour.site.origin}/account/login`);
    await send({ ...tour, page: other }, { login: tour.site.env.LOGIN, password: tour.site.password });
    await other.context().close();
    await at(tour, '/sessions');
    await see(tour, 'sessions');
    await tour.page.getByRole('button').last().click();
    await see(tour, 'sessions, the others ended', 'status');
    await tour.page.evaluate(() => {
        const form = document.createElement('form');
        form.method = 'post';
        form.innerHTML = '<input name="end" value="x">';
        document.body.append(form);
        form.submit();
    });
    await tour.page.waitForLoadState('load');
    await tour.page.getByRole('alert').waitFor();
    await see(tour, 'sessions, refused', 'alert');
}

// A form of a protected page, sent when its session had ended.
async function seeLostForm(tour) {
    await tour.page.goto(`${tour.site.origin}/`);
    await tour.page.evaluate(() => {
        const form = document.createElement('form');
        form.method = 'post';
        form.action = '/portal/';
        document.body.append(form);
        form.submit();
    });
    await tour.page.getByRole('alert').waitFor();
    await see(tour, 'a lost form', 'alert');
}

async function seeLogout(tour) {
    await at(tour, '/logout');
    await see(tour, 'logout');
    await tour.page.getByRole('button', { name: words[tour.lang].leave, exact: true }).click();
    await see(tour, 'logout, done', 'status');
}

// A form of another site; what it gets is the page that only says something.
async function seeMessage(tour) {
    await tour.page.route('http://other.test/', (route) => route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${tour.site.origin}/account/forgot">`
            + '<button name="email" value="a@b.example">',
    }));
    await tour.page.goto('http://other.test/');
    const [answer] = await Promise.all([
        tour.page.waitForResponse((response) => response.url().endsWith('/account/forgot')),
        tour.page.getByRole('button').click(),
    ]);
    is(answer.status(), 403, `${tour.lang}: another site's form is refused`);
    await tour.page.waitForLoadState('load');
    await see(tour, 'a message', 'alert');
}

// The demo site's own pages, which people see between ours.
async function seeDemo(site, browser) {
    const page = await openPage(browser);
    const tour = { site, page };
    for (const path of ['/', '/mailbox/']) {
        await page.goto(site.origin + path);
        await checkPage(page, `the demo's ${path}`);
    }
    await page.getByRole('table').getByRole('link', { name: /\.html$/ }).first().click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await checkPage(page, "the demo's page of a mail");
    await page.goto(`${site.origin}/portal/`);
    await send(tour, { login: site.env.LOGIN, password: site.password });
    await page.waitForURL('**/portal/');
    await checkPage(page, "the demo's portal");
    await page.context().close();
}

// Would the checks find anything?
async function control(browser) {
    const page = await openPage(browser);
    await page.route('http://control.test/', (route) => route.fulfill({
        headers: { 'Content-Type': 'text/html', 'Content-Security-Policy': "default-src 'none'" },
        body: '<title>x</title><img src="a.png"><div style="width: 50rem">.</div>'
            + '<script>alert(1)</script><p id="wide">' + 'x'.repeat(200) + '</p>',
    }));
    await page.goto('http://control.test/');
    await page.setViewportSize({ width: 320, height: 640 });
    const found = await axeFindings(page);
    ok(found.some((text) => text.startsWith('image-alt')), 'control: axe finds a picture without words');
    ok(await overhang(page) > 0, 'control: what is too wide is found');
    ok(page.problems.some((text) => /Content Security Policy/.test(text)), 'control: a violated policy is found',
        page.problems.join('\n'));
    await page.context().close();
}

run(async () => {
    const site = await startSite();
    const browser = await openBrowser();
    await control(browser);
    for (const lang of ['en', 'ru']) {
        const tour = { site, lang, page: await openPage(browser, { lang }) };
        for (const part of [seeForgot, seeReset, seeLogin, seeChange, seeNotme, seeSessions, seeLogout, seeLostForm,
            seeMessage]) {
            await part(tour);
        }
        await tour.page.context().close();
    }
    await seeDemo(site, browser);
    const complaints = site.complaints();
    ok(complaints.length === 0, 'the error log is clean', complaints.join('\n'));
});
