// SPDX-License-Identifier: Apache-2.0
// For the browser tests: TAP, the demo site, its mails, Chromium, axe.
'use strict';

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const top = path.resolve(__dirname, '../..');
const mailWaitMs = 20000;

// ---- TAP ----

let tests = 0;
let failures = 0;

function ok(pass, name, detail) {
    tests += 1;
    console.log(`${pass ? '' : 'not '}ok ${tests} - ${name.replace(/#/g, '\\#')}`);
    if (!pass) {
        failures += 1;
        for (const line of String(detail ?? '').split('\n').filter((text) => text)) {
            console.log(`# ${line}`);
        }
    }
    return pass;
}

function is(got, want, name) {
    return ok(got === want, name, ` got: ${JSON.stringify(got)}\nwant: ${JSON.stringify(want)}`);
}

// One line at most of "figure: NAME = VALUE" is kept by the long tier.
function note(text) {
    console.log(`# ${text}`);
}

// Run the tests; whatever they threw is a failure, whatever they opened with
// `later` is closed.
const closers = [];

function later(close) {
    closers.push(close);
}

async function run(body) {
    try {
        await body();
    } catch (error) {
        ok(false, 'the tests ran to their end', error.stack);
    }
    for (const close of closers.reverse()) {
        await close().catch((error) => ok(false, 'everything closes', error.stack));
    }
    console.log(`1..${tests}`);
    process.exitCode = failures ? 1 : 0;
}

async function until(found, what, waitMs = mailWaitMs) {
    for (const end = Date.now() + waitMs; Date.now() < end;) {
        const value = await found();
        if (value) {
            return value;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`waited in vain: ${what}`);
}

// ---- mails ----

function decodeWords(text) {
    return text.replace(/\?=\s+=\?/g, '?==?').replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (word, kind, body) =>
        (kind.toLowerCase() === 'b' ? Buffer.from(body, 'base64')
            : unquote(body.replace(/_/g, ' '))).toString('latin1'));
}

function unquote(text) {
    const bytes = text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/gi, (code, hex) =>
        String.fromCharCode(parseInt(hex, 16)));
    return Buffer.from(bytes, 'latin1');
}

// A message, given as a latin1 string, to {header, text, html}.
function parseMail(message) {
    const [, head, body] = /^([^]*?)\r?\n\r?\n([^]*)$/.exec(message) ?? [];
    const header = {};
    for (const line of (head ?? '').replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
        const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
        header[(name ?? '').toLowerCase()] = Buffer.from(decodeWords(value ?? ''), 'latin1').toString();
    }
    const type = header['content-type'] ?? 'text/plain';
    const [, boundary] = /^multipart\/[^]*boundary="?([^";]+)/i.exec(type) ?? [];
    if (boundary) {
        const parts = body.split(new RegExp(`\\r?\\n?--${boundary.replace(/\W/g, '\\$&')}(?:--)?\\s*?\\r?\\n`));
        return Object.assign({ header }, ...parts.slice(1).filter((part) => part.trim())
            .map((part) => ({ ...parseMail(part), header })));
    }
    const encoding = (header['content-transfer-encoding'] ?? '').toLowerCase();
    const bytes = encoding === 'base64' ? Buffer.from(body, 'base64')
        : encoding === 'quoted-printable' ? unquote(body) : Buffer.from(body, 'latin1');
    return { header, [/html/i.test(type) ? 'html' : 'text']: bytes.toString() };
}

// ---- the site ----

function freePort() {
    return new Promise((resolve, reject) => {
        const server = net.createServer();
        server.on('error', reject);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

class Site {
    constructor(dir, env) {
        this.dir = dir;
        this.env = env;
        this.url = env.URL;
        this.password = env.PASSWORD;
        this.seen = new Set(this.mailNames());
    }

    mailNames() {
        return fs.readdirSync(this.env.MAILDIR).filter((name) => name.endsWith('.eml')).sort();
    }

    newMails() {
        return this.mailNames().filter((name) => !this.seen.has(name));
    }

    // The next mail nobody has read yet.
    async mail() {
        const [name] = await until(() => this.newMails().length && this.newMails(), 'a mail');
        this.seen.add(name);
        return parseMail(fs.readFileSync(path.join(this.env.MAILDIR, name), 'latin1'));
    }

    // Errors and warnings in the log, but for those with the given ids.
    complaints(...ids) {
        return fs.readFileSync(this.env.ERROR_LOG, 'utf8').split('\n')
            .filter((line) => /^\S.*:(?:warn|error|crit|alert|emerg)\]/.test(line))
            .filter((line) => !ids.some((id) => line.includes(id)));
    }
}

// Start the demo site as anybody would, but for the limits: the walks ask for
// more mails than people.  `directives` go last into its vhost.
async function startSite({ db = 'sqlite', directives = '', host } = {}) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'pwr-browser-'));
    const port = await freePort();
    const quickstart = (...args) => promisify(execFile)(path.join(top, 'quickstart'), ['--dir', dir, ...args]);
    const all = 'PwResetLimit None\n' + (host ? `PwResetPublicURL http://${host}:${port}\n` : '') + directives;
    fs.chmodSync(dir, 0o755);
    fs.writeFileSync(path.join(dir, 'with.conf'), all);
    later(async () => {
        await quickstart('--stop');
        fs.rmSync(dir, { recursive: true });
    });
    await quickstart('--detach', '--db', db, '--port', String(port), '--mpm', process.env.PWR_MPM ?? 'event',
        '--with', path.join(dir, 'with.conf'));
    const lines = fs.readFileSync(path.join(dir, 'quickstart.env'), 'utf8').trim().split('\n');
    const site = new Site(dir, Object.fromEntries(lines.map((line) => /^(\w+)=(.*)$/.exec(line).slice(1))));
    site.origin = host ? `http://${host}:${port}` : site.url;
    return site;
}

// ---- Chromium ----

function programPath(...names) {
    return names.flatMap((name) => process.env.PATH.split(':').map((folder) => path.join(folder, name)))
        .find((file) => fs.existsSync(file));
}

async function openBrowser(host, options = {}) {
    const { chromium } = require('playwright-core');
    const browser = await chromium.launch({
        executablePath: programPath('chromium', 'chromium-browser', 'google-chrome'),
        args: [...(process.getuid() === 0 ? ['--no-sandbox'] : []),
            ...(host ? [`--host-resolver-rules=MAP ${host} 127.0.0.1`] : [])],
        ...options,
    });
    later(() => browser.close());
    return browser;
}

const locales = { en: 'en-US', ru: 'ru-RU' };

// A page in a browser of its own; `page.problems` collects what the console
// says, which is where scripts' errors and violated policies go.  That one of
// our own pages answers with 4xx is no problem, nor is that a header is without
// effect on plain http.
async function openPage(browser, { lang = 'en', js = true, ...options } = {}) {
    const context = await browser.newContext({ locale: locales[lang], javaScriptEnabled: js, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20000);
    page.problems = [];
    page.on('pageerror', (error) => page.problems.push(error.message));
    page.on('console', (message) => {
        const own = /Failed to load resource.*\b4\d\d\b/.test(message.text())
            && !/\/assets\/|\.ico/.test(message.location().url);
        const plain = /Cross-Origin-Opener-Policy header has been ignored/.test(message.text())
            && message.location().url.startsWith('http://pwreset.test');
        if (['error', 'warning'].includes(message.type()) && !own && !plain) {
            page.problems.push(`${message.text()} (${message.location().url})`);
        }
    });
    return page;
}

// ---- what every page must hold ----

async function axeFindings(page) {
    await page.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    return violations.map((found) => `${found.id}: ${found.help}: ${found.nodes.map((node) => node.html).join(' ')}`);
}

// How many pixels stand out on the right.
function overhang(page) {
    return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

async function checkPage(page, name) {
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        const found = await axeFindings(page);
        ok(found.length === 0, `${name}: axe finds nothing in ${colorScheme}`, found.join('\n'));
    }
    const size = page.viewportSize();
    await page.setViewportSize({ width: 320, height: 640 });
    is(await overhang(page), 0, `${name}: no scrolling sideways at 320 px`);
    await page.setViewportSize(size);
    ok(page.problems.length === 0, `${name}: the console is empty`, page.problems.splice(0).join('\n'));
}

module.exports = {
    ok, is, note, run, later, until, parseMail, startSite, openBrowser, openPage, checkPage, axeFindings, overhang,
};
