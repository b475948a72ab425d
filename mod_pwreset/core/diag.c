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
