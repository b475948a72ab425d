// SPDX-License-Identifier: Apache-2.0
// The words on the pages that a person of each language looks for.
'use strict';

exports.en = {
    forgotLink: 'Forgot your password?',
    email: 'E-Mail',
    send: 'Send the control string',
    sent: /If there is an account for demo@example\.org, we will send an email with a link and a control string/,
    spam: /No email\? Check the spam folder and the address/,
    help: /Help: help@example\.org/,
    token: 'Control string',
    goOn: 'Continue',
    password: 'New password',
    confirm: 'Confirm the password',
    change: 'Change password',
    toLogin: 'Continue to sign-in',
    login: 'Login or E-Mail',
    oldPassword: 'Password',
    current: 'Current password',
    enter: 'Sign in',
    leave: 'Sign out',
    another: 'Request a new string',
    spent: /The password has already been changed with this link/,
    unknown: /The control string was not found/,
};

exports.ru = {
    forgotLink: 'Забыли свой пароль?',
    email: 'E-Mail',
    send: 'Выслать контрольную строку',
    sent: /Если для demo@example\.org есть учётная запись, мы отправим письмо со ссылкой и контрольной строкой/,
    spam: /Письма нет\? Проверьте папку «Спам» и правильность адреса/,
    help: /Помощь: help@example\.org/,
    token: 'Контрольная строка',
    goOn: 'Продолжить',
    password: 'Новый пароль',
    confirm: 'Подтверждение пароля',
    change: 'Изменить пароль',
    toLogin: 'Авторизация',
    login: 'Логин или E-Mail',
    oldPassword: 'Пароль',
    current: 'Текущий пароль',
    enter: 'Войти',
    leave: 'Выйти',
    another: 'Запросить новую строку',
    spent: /По этой ссылке пароль уже изменили/,
    unknown: /Контрольная строка не найдена/,
};
