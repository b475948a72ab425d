/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <string.h>

#include <apr_strings.h>

static const pwr_job notice = {
    .kind = PWR_JOB_NOTICE, .realm = "r", .language = "en",
    .address = "192.0.2.7", .agent = "Browser/2",
};

void scene_reset(const scene *on)
{
    static const char *const tables[] = { "job", "token", "session",
                                          "history", "user" };

    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        bench_sql(on->made, "DELETE FROM {p}%s", tables[i]);
    }
    bench_sql(on->made, "INSERT INTO {p}user (id, login, email, password,"
              " language, changed_at) VALUES"
              " ('u1', 'eve', 'eve@example.org', 'old', 'ru', 1),"
              " ('u2', 'bob', 'bob@example.org', 'old', NULL, 1)");
}

const char *scene_stamp(const scene *on, const char *user_id)
{
    pwr_users users = { 0 };

    on->store->ops->users_find(on->store, on->pool, PWR_USER_BY_ID, user_id,
                               &users);
    return users.n == 1 ? users.row[0].stamp : "";
}

const char *scene_mail_stamp(const scene *on, const char *user_id)
{
    pwr_users users = { 0 };

    on->store->ops->users_find(on->store, on->pool, PWR_USER_BY_ID, user_id,
                               &users);
    return users.n == 1 ? users.row[0].mail_stamp : "";
}

pwr_token scene_token(const scene *on, const char *user_id, char job)
{
    char *id = apr_pcalloc(on->pool, PWR_ID_HEX + 1);
    pwr_token token = { .realm = "r", .user_id = user_id, .login = "eve",
                        .language = "ru", .job = id, .lifetime_sec = 3600 };

    memset(id, job, PWR_ID_HEX);
    apr_cpystrn(token.stamp, scene_mail_stamp(on, user_id),
                sizeof(token.stamp));
    apr_cpystrn(token.digest, bench_digest(on->pool), sizeof(token.digest));
    return token;
}

const char *scene_notme(const scene *on, pwr_token *token)
{
    pwr_users users;

    on->store->ops->users_find(on->store, on->pool, PWR_USER_BY_ID,
                               token->user_id, &users);
    if (users.n == 1) {
        apr_cpystrn(token->notme_stamp, users.row[0].address_stamp,
                    sizeof(token->notme_stamp));
    }
    apr_cpystrn(token->notme_digest, bench_digest(on->pool),
                sizeof(token->notme_digest));
    return apr_pstrdup(on->pool, token->notme_digest);
}

const char *scene_mint(const scene *on, const char *user_id, char job)
{
    pwr_token token = scene_token(on, user_id, job);
    pwr_mint outcome;

    on->store->ops->token_mint(on->store, on->pool, &token, &outcome);
    return apr_pstrdup(on->pool, token.digest);
}

const char *scene_sign_in(const scene *on, const char *realm,
                          const char *user_id)
{
    pwr_session session = { .realm = realm, .user_id = user_id,
                            .login = "eve" };

    apr_cpystrn(session.stamp, scene_stamp(on, user_id),
                sizeof(session.stamp));
    apr_cpystrn(session.digest, bench_digest(on->pool),
                sizeof(session.digest));
    on->store->ops->session_add(on->store, on->pool, &session, 3600,
                                NULL);
    return apr_pstrdup(on->pool, session.digest);
}

pwr_token_state scene_token_state(const scene *on, const char *digest)
{
    pwr_token token;
    pwr_user user;

    on->store->ops->token_find(on->store, on->pool, "r", digest, &token,
                               &user);
    return token.state;
}

int scene_is_signed_in(const scene *on, const char *realm, const char *digest)
{
    pwr_session_lookup lookup = { realm, digest, .idle_sec = 600 };

    on->store->ops->session_find(on->store, on->pool, &lookup);
    return lookup.state == PWR_SESSION_LIVE;
}

pwr_change scene_change(const scene *on, const char *digest,
                        const char *stored)
{
    pwr_change change = { .realm = "r", .user_id = "u1", .stored = stored,
                          .stamp = scene_stamp(on, "u1"),
                          .token_digest = digest, .notice = &notice };

    return change;
}

int scene_change_do(const scene *on, pwr_change *change)
{
    apr_status_t status = on->store->ops->password_change(on->store, on->pool,
                                                          change);

    return status == APR_SUCCESS ? (int)change->outcome : -1;
}
