/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sink.h"

#include <string.h>

#include "core/crypto.h"

void pwr_sink_add(pwr_sink *sink, const char *bytes, size_t len)
{
    if (sink->out && len <= sink->room && sink->len <= sink->room - len) {
        memcpy(sink->out + sink->len, bytes, len);
    }
    sink->len += len;
}

void pwr_sink_text(pwr_sink *sink, const char *text)
{
    pwr_sink_add(sink, text, strlen(text));
}

const char *pwr_sink_open(apr_pool_t *pool, pwr_sink *sink)
{
    return pwr_sink_guess(pool, sink, sink->len);
}

const char *pwr_sink_guess(apr_pool_t *pool, pwr_sink *sink, size_t room)
{
    sink->out = pwr_secret_alloc(pool, room + 1);
    sink->room = room;
    sink->len = 0;
    return sink->out;
}
