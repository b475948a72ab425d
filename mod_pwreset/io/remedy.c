/* SPDX-License-Identifier: Apache-2.0 */
#include "io/remedy.h"

#include <stddef.h>
#include <string.h>

/* By words of sendmail.c, outbox.c and deliver.c, which stand before what the
 * program itself said last: the first that occurs counts. */
static const struct {
    const char *words;
    const char *remedy;
} remedies[] = {
    { "(EX_USAGE)",
      "it does not take its arguments: PwResetSendmail must name a program "
      "that takes -f SENDER -- RECIPIENT, as sendmail does" },
    { "(EX_DATAERR)",
      "it refuses the message or an address: its words or its log say which; "
      "correct the address in the user table, or PwResetMailFrom" },
    { "(EX_NOINPUT)", "it does not find a file of its own: see its log" },
    { "(EX_NOUSER)",
      "it knows no such mailbox: correct the address in the user table" },
    { "(EX_NOHOST)",
      "it does not find a host, that of its mail server or of the address: "
      "mend the name server, its configuration, or the address in the user "
      "table" },
    { "(EX_UNAVAILABLE)",
      "something that it needs is not there: see its own log" },
    { "(EX_SOFTWARE)", "a fault within it: see its own log" },
    { "(EX_OSERR)",
      "the system refused it something: see the limits of processes, memory "
      "and files of httpd's user" },
    { "(EX_OSFILE)",
      "a file of its own is missing, or httpd's user may not read it: see its "
      "configuration" },
    { "(EX_CANTCREAT)",
      "it cannot write into its queue: see whether the disk is full, and "
      "whether httpd's user may submit mail" },
    { "(EX_IOERR)", "it cannot read or write: see whether the disk is full" },
    { "(EX_TEMPFAIL)",
      "it asks for another try, which it gets: its own log says what it waits "
      "for" },
    { "(EX_PROTOCOL)",
      "the mail server that it talks to does not keep to the protocol: see "
      "its own log" },
    { "(EX_NOPERM)",
      "it may not send for httpd's user, or as PwResetMailFrom: allow that in "
      "its configuration" },
    { "(EX_CONFIG)",
      "its configuration is wrong: mend what its own log says" },
    { "(temporary, as qmail says it)",
      "it asks for another try, which it gets: see its own log" },
    { "(the shell may not run it)",
      "let httpd's user run what the script of PwResetSendmail calls" },
    { "(the shell does not find it)",
      "the script of PwResetSendmail calls a program that is not in "
      "/usr/sbin:/usr/bin:/sbin:/bin: name it with its path" },
    { "ended by signal",
      "it crashed or was killed: see its own log, the system's for lack of "
      "memory, and AppArmor or SELinux" },
    { "had not ended after",
      "it hangs: where its words do not say at what, see whether its mail "
      "server and the name server answer; PwResetMailTimeout is how long it "
      "may take" },
    { "cannot be killed",
      "end that process by hand, and see why it hangs" },
    { "this process ends",
      "httpd was being stopped: nothing to do, it is tried again" },
    { "the database could not be asked",
      "run pwresetctl check, and see the message in httpd's error log" },
    { "not one that mail can go to",
      "correct the address in the user table" },
    { "begins with a dash",
      "correct the address in the user table" },
    { "cannot be written",
      "correct what it names: PwResetTemplates, PwResetSiteName, or the "
      "address; httpd -t checks templates" },
    { "install it or its interpreter",
      "install the program, or name yours with PwResetSendmail" },
    { "let httpd's user run it",
      "let httpd's user run it: its mode, that of its folders, noexec, "
      "SELinux's httpd_can_sendmail" },
};

#define REMEDIES_N (sizeof(remedies) / sizeof(*remedies))

const char *pwr_remedy_of(const char *detail)
{
    const char *first = NULL;
    const char *remedy = "see the mail program's own log, and send one mail "
                         "with pwresetctl mail test ADDRESS";

    for (size_t i = 0; detail && i < REMEDIES_N; i++) {
        const char *at = strstr(detail, remedies[i].words);

        if (at && (!first || at < first)) {
            first = at;
            remedy = remedies[i].remedy;
        }
    }
    return remedy;
}
