/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model.h"

#include "tap.h"

#define N(table) (int)(sizeof(table) / sizeof(*(table)))

static void test_model(apr_pool_t *pool)
{
    pwr_model *model = pwr_model_make(pool);
    pwr_list *list = pwr_list_make(pool);
    static const char *const keys[] = { "a", "b", "c", "d", "e", "f", "g", "h",
        "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t" };

    tap_ok(pwr_model_get(model, "a") == NULL, "an empty map");
    for (int i = 0; i < N(keys); i++) {
        pwr_model_text(model, keys[i], keys[N(keys) - 1 - i]);
        pwr_model_text(pwr_list_add(list), "n", keys[i]);
    }
    tap_str(pwr_model_get(model, "a")->text, "t", "the first of many");
    tap_str(pwr_model_get(model, "t")->text, "a", "the last of many");
    tap_int(pwr_list_n(list), N(keys), "a list grows");
    tap_str(pwr_model_get(pwr_list_at(list, 0), "n")->text, "a", "its first");
    tap_str(pwr_model_get(pwr_list_at(list, 19), "n")->text, "t", "its last");
    pwr_model_list(model, "a", list);
    tap_int(pwr_model_get(model, "a")->kind, PWR_MODEL_LIST, "replaced");
    pwr_model_flag(model, "a", 7);
    tap_int(pwr_model_get(model, "a")->kind, PWR_MODEL_FLAG, "and again");
    pwr_model_map(model, "a", model);
    tap_ok(pwr_model_get(model, "a")->map == model, "a map holds itself");
    pwr_model_text(model, "a", NULL);
    pwr_model_flag(model, "b", 0);
    pwr_model_list(model, "c", NULL);
    pwr_model_map(model, "d", NULL);
    for (int i = 0; i < 4; i++) {
        tap_int(pwr_model_get(model, keys[i])->kind, PWR_MODEL_ABSENT,
                "%s is absent", keys[i]);
    }
}

/* Two keys of one hash are two keys, in either order. */
static void test_same_hash(apr_pool_t *pool)
{
    static const char *const keys[] = { "costarring", "liquid" };

    tap_int(pwr_model_hash(keys[0]), pwr_model_hash(keys[1]),
            "%s and %s have one hash", keys[0], keys[1]);
    for (int i = 0; i < 2; i++) {
        const char *one = keys[i], *other = keys[1 - i];
        pwr_model *model = pwr_model_make(pool);

        pwr_model_text(model, one, "first");
        tap_ok(pwr_model_get(model, other) == NULL, "%s is not %s", other,
               one);
        pwr_model_text(model, other, "second");
        tap_int(pwr_model_n(model), 2, "%s and %s are two", one, other);
        tap_str(pwr_model_get(model, one)->text, "first", "%s is kept", one);
        tap_str(pwr_model_find(model, other, pwr_model_hash(other))->text,
                "second", "%s is found", other);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_model(pool);
    test_same_hash(pool);
    return tap_end();
}
