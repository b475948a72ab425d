/* SPDX-License-Identifier: Apache-2.0 */
/* What a mail says: the model of its templates (flow/page.h lists the keys),
 * and the message that comes of it.  Who gets it, and when, is deliver.h's. */
#ifndef PWR_LETTER_H
#define PWR_LETTER_H

#include "core/mime.h"
#include "flow/env.h"

/* One mail on its way to being written. */
typedef struct pwr_letter {
    const pwr_voice *voice;
    pwr_page subject;               /* the first of its templates */
    pwr_model *model;
    pwr_list *accounts;             /* of a recovery */
} pwr_letter;

/* A recovery, of the job's time, address and agent; `expires` is when its
 * strings do.  Accounts are to be added. */
pwr_letter pwr_letter_recover(const pwr_env *env, const pwr_job *job,
                              const pwr_voice *voice, int64_t expires);

/* An account with its string and the secret of its link "not me". */
void pwr_letter_account(const pwr_env *env, pwr_letter *letter,
                        const pwr_user *user, const char *bare,
                        const char *notme);

/* The notice that the password of `job->login` was changed. */
pwr_letter pwr_letter_changed(const pwr_env *env, const pwr_job *job,
                              const pwr_voice *voice);

/* Fill the templates in.  To whom, its id and its date are the caller's to set.
 * Texts are empty, which no mail may be, when an admin's template has no
 * end. */
pwr_message pwr_letter_write(const pwr_env *env, const pwr_letter *letter);

#endif
