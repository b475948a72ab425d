/* SPDX-License-Identifier: Apache-2.0 */
#include "io/sendmail.h"

#include <string.h>

#include "core/text.h"

/* No option ("-OQueueDirectory=..." was CVE-2016-10033), no second recipient:
 * sendmail splits its arguments at commas. */
static int is_address(const char *s)
{
    return s && *s && *s != '-' && pwr_text_is_plain(s) && !strpbrk(s, ", ");
}

const char *const *pwr_sendmail_argv(apr_pool_t *pool,
                                     const pwr_sendmail *conf,
                                     const char *recipient)
{
    const char **argv;
    size_t n = 0;

    while (conf->argv[n]) {
        n++;
    }
    argv = apr_pcalloc(pool, (n + 5) * sizeof(*argv));
    memcpy(argv, conf->argv, n * sizeof(*argv));
    argv[n] = "-f";
    argv[n + 1] = conf->sender;
    argv[n + 2] = "--";
    argv[n + 3] = recipient;
    return argv;
}

pwr_sent pwr_sendmail_run(apr_pool_t *pool, const pwr_sendmail *conf,
                          const char *recipient, const char *message,
                          size_t len, const char **detail)
{
    /* What stands in the header alone, like the recipient, helps the admin. */
    const char *body = memmem(message, len, "\n\n", 2);
    const pwr_program program = {
        .argv = pwr_sendmail_argv(pool, conf, recipient),
        .directive = "PwResetSendmail",
        .input = message,
        .len = len,
        .secret_at = body ? (size_t)(body - message) : 0,
        .timeout_sec = conf->timeout_sec,
        .cancel_fd = conf->cancel_fd,
    };

    if (!is_address(recipient) || !is_address(conf->sender)) {
        *detail = "an address begins with a dash or holds a blank, comma or"
                  " control character";
        return PWR_SENT_NEVER;
    }
    return pwr_program_run(pool, &program, detail);
}
