/* SPDX-License-Identifier: Apache-2.0 */
#include "core/agent.h"

#include "tap.h"

int main(void)
{
    static const struct { const char *header, *words; } table[] = {
        { "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 "
          "Firefox/153.0", "Firefox, Linux" },
        { "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
          "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0",
          "Edge, Windows" },
        { "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like "
          "Gecko) Chrome/156.0.0.0 YaBrowser/26.1 Safari/537.36",
          "Yandex Browser, Windows" },
        { "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) "
          "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 "
          "Mobile/15E148 Safari/604.1", "Safari, iPhone" },
        { "Mozilla/5.0 (Linux; Android 16; Pixel) AppleWebKit/537.36 (KHTML, "
          "like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
          "Chrome, Android" },
        { "curl/8.9.1", "curl" },
        { "Windows NT", "Windows" },
        { "You have won! Visit http://evil.example now", NULL },
        { "<b>Firefox</b>", NULL },
        { "", NULL },
        { NULL, NULL },
    };
    apr_pool_t *pool = tap_begin();

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_agent_words(pool, table[i].header), table[i].words,
                "agent case %d", (int)i);
    }
    return tap_end();
}
