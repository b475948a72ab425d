// SPDX-License-Identifier: Apache-2.0
// Adds comfort to pages that do everything without it.  Its few words come
// from data attributes, so that they are translated with the page.
(function () {
    'use strict';

    // What the browser can judge for itself, by the names of the server's
    // rules; the others (common, leaked, weak ...) only the server knows.
    const judges = {
        short: (text, limits) => Array.from(text).length >= limits.min,
        long: (text, limits) => Array.from(text).length <= limits.max,
        bytes: (text, limits) =>
            new TextEncoder().encode(text).length <= limits.bytes,
        lower: (text) => /\p{Ll}/u.test(text),
        upper: (text) => /\p{Lu}/u.test(text),
        digit: (text) => /\p{Nd}/u.test(text),
        special: (text) => /[^\p{L}\p{N}]/u.test(text)
    };

    function make(tag, attributes, text) {
        const element = document.createElement(tag);
        for (const name of Object.keys(attributes)) {
            element.setAttribute(name, attributes[name]);
        }
        element.textContent = text || '';
        return element;
    }

    function focusErrors() {
        const errors = document.getElementById('errors');
        if (errors) {
            errors.focus();
        }
    }

    // One button shows and hides every password of the form.
    function addReveal(form) {
        const fields = form.querySelectorAll('input[type=password]');
        const last = fields[fields.length - 1];
        if (!last || !form.dataset.show) {
            return;
        }
        const button = make('button', {
            type: 'button',
            class: 'reveal',
            'aria-pressed': 'false',
            'aria-controls': Array.from(fields, (field) => field.id).join(' ')
        }, form.dataset.show);
        const show = function (shown) {
            button.setAttribute('aria-pressed', String(shown));
            fields.forEach((field) => {
                field.type = shown ? 'text' : 'password';
            });
        };
        button.addEventListener('click', () =>
            show(button.getAttribute('aria-pressed') === 'false'));
        // A browser remembers what was typed into a text field.
        form.addEventListener('submit', () => show(false));
        last.closest('.field').append(button);
    }

    function tick(rule, met, word) {
        if (rule.classList.contains('met') === met) {
            return;
        }
        rule.classList.toggle('met', met);
        const said = rule.querySelector('.said');
        if (said) {
            said.remove();
        } else {
            rule.append(make('span', { class: 'said' }, ' ' + word));
        }
    }

    function addTicks(password, list) {
        const limits = list.dataset;
        const update = function () {
            list.querySelectorAll('[data-rule]').forEach((rule) => {
                const judge = judges[rule.dataset.rule];
                if (judge) {
                    tick(rule, password.value !== '' &&
                        judge(password.value, limits), limits.met);
                }
            });
        };
        password.addEventListener('input', update);
        update();
    }

    // Says that the two differ only when the second can be complete, not at
    // its first letter; and never when the field is left, for that is when the
    // button is pressed, and a line that appears then moves it from under the
    // pointer: the click would be lost.
    function addMatch(password, confirm) {
        const hint = make('p', { class: 'hint', 'aria-live': 'polite' });
        const update = function () {
            const same = confirm.value === password.value;
            const full = confirm.value.length >= password.value.length;
            const say = confirm.value !== '' && password.value !== '' && full;
            hint.textContent = !say ? ''
                : same ? confirm.dataset.match : confirm.dataset.differ;
            hint.classList.toggle('hint-bad', say && !same);
        };
        confirm.after(hint);
        password.addEventListener('input', update);
        confirm.addEventListener('input', update);
    }

    // Swallows the second click of a double click; not a lock, for a post may
    // get lost and must be repeatable.
    function sendOnce(form) {
        let sent = false;
        const rest = function () {
            sent = false;
            form.classList.remove('sending');
        };
        form.addEventListener('submit', (event) => {
            if (sent) {
                event.preventDefault();
                return;
            }
            sent = true;
            form.classList.add('sending');
            setTimeout(rest, 5000);
        });
        window.addEventListener('pageshow', rest);
    }

    focusErrors();
    document.querySelectorAll('form').forEach((form) => {
        sendOnce(form);
        addReveal(form);
    });
    const password = document.getElementById('password');
    const confirm = document.getElementById('confirm');
    const rules = document.getElementById('rules');
    if (password && rules) {
        addTicks(password, rules);
    }
    if (password && confirm) {
        addMatch(password, confirm);
    }
}());
