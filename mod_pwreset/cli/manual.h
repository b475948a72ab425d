/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of the directives: docs/directives.md as it was when this was
 * built, made into C by build-aux/embed.pl.  Markdown, NUL at the end. */
#ifndef PWR_MANUAL_H
#define PWR_MANUAL_H

extern const char pwr_manual[];

#endif
