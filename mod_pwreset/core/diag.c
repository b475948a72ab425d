/* SPDX-License-Identifier: Apache-2.0 */
#include "core/diag.h"

#include <stdarg.h>

#include <apr_strings.h>

#define DIAG_TEXT_MAX 1000

void pwr_diag_log(const pwr_diag *diag, pwr_level level, apr_status_t status,
                  const char *id, const char *format, ...)
{
    char text[DIAG_TEXT_MAX + 1];
    va_list args;

    if (!diag || !diag->emit) {
        return;
    }
    va_start(args, format);
    apr_vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    diag->emit(diag->baton, level, status, id, text);
}

void pwr_diag_tell(const pwr_diag *diag, const pwr_diag_tale *tale,
                   const char *format, ...)
{
    char text[DIAG_TEXT_MAX + 1];
    va_list args;
    int is_new;

    if (!diag || !diag->emit) {
        return;
    }
    is_new = !diag->is_new || diag->is_new(diag->baton, tale);
    va_start(args, format);
    apr_vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    diag->emit(diag->baton, is_new ? tale->level : tale->again, 0, tale->id,
               text);
}
