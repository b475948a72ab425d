/* SPDX-License-Identifier: Apache-2.0 */
/* A user with strings and sessions, for tests of what happens to them. */
#ifndef PWR_SCENE_H
#define PWR_SCENE_H

#include "bench.h"

typedef struct scene {
    bench *made;
    apr_pool_t *pool;
    pwr_store *store;
} scene;

/* The shipped user table with u1 (eve) and u2 (bob), and nothing else. */
void scene_reset(const scene *on);

const char *scene_stamp(const scene *on, const char *user_id);
const char *scene_mail_stamp(const scene *on, const char *user_id);

/* A string that is not minted yet; its job's id is `job` 32 times. */
pwr_token scene_token(const scene *on, const char *user_id, char job);

/* Give it a link "this was not me"; returns that one's digest. */
const char *scene_notme(const scene *on, pwr_token *token);

/* Mint one for a job of its own; returns its digest. */
const char *scene_mint(const scene *on, const char *user_id, char job);

/* Sign in; returns the digest. */
const char *scene_sign_in(const scene *on, const char *realm,
                          const char *user_id);

pwr_token_state scene_token_state(const scene *on, const char *digest);
int scene_is_signed_in(const scene *on, const char *realm,
                       const char *digest);

/* A change that redeems this string (NULL: /change), with notice. */
pwr_change scene_change(const scene *on, const char *digest,
                        const char *stored);

/* -1 when the machine could not do it. */
int scene_change_do(const scene *on, pwr_change *change);

#endif
