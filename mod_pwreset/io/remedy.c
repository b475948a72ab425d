/* SPDX-License-Identifier: Apache-2.0 */
#include "io/remedy.h"

#include <stddef.h>
#include <string.h>

typedef struct remedy {
    const char *words;
    const char *remedy;
} remedy;

/* By words of program.c, sendmail.c, outbox.c and deliver.c, which stand before
 * what the program itself said last: the first that occurs counts. */
static const remedy remedies[] = {
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

/* Of a hook.  Its other endings are the admin's own. */
static const remedy hook_remedies[] = {
    { "(EX_TEMPFAIL)",
      "it asks for another try, which it gets: its own log says what it waits "
      "for" },
    { "(the shell may not run it)",
      "let httpd's user run what the script of PwResetHook calls" },
    { "(the shell does not find it)",
      "the script of PwResetHook calls a program that is not in "
      "/usr/sbin:/usr/bin:/sbin:/bin: name it with its path" },
    { "ended by signal",
      "it crashed or was killed: see its own log, the system's for lack of "
      "memory, and AppArmor or SELinux" },
    { "had not ended after",
      "it hangs: PwResetMailTimeout is how long it may take; let it hand long "
      "work to somebody else" },
    { "cannot be killed",
      "end that process by hand, and see why it hangs" },
    { "this process ends",
      "httpd was being stopped: nothing to do, it is tried again" },
    { "no PwResetHook any more",
      "set PwResetHook again and retry the job, or drop it" },
    { "install it or its interpreter",
      "install the program, or name yours with PwResetHook" },
    { "let httpd's user run it",
      "let httpd's user run it: its mode, that of its folders, noexec, "
      "SELinux" },
};

/* Of a table of `n`; `other` where none of its words occurs. */
static const char *find(const remedy *table, size_t n, const char *detail,
                        const char *other)
{
    const char *first = NULL;

    for (size_t i = 0; detail && i < n; i++) {
        const char *at = strstr(detail, table[i].words);

        if (at && (!first || at < first)) {
            first = at;
            other = table[i].remedy;
        }
    }
    return other;
}

const char *pwr_remedy_of(const char *detail)
{
    return find(remedies, sizeof(remedies) / sizeof(*remedies), detail,
                "see the mail program's own log, and send one mail with "
                "pwresetctl mail test ADDRESS");
}

const char *pwr_remedy_of_job(const pwr_job *job)
{
    if (job->kind != PWR_JOB_HOOK) {
        return pwr_remedy_of(job->error);
    }
    return find(hook_remedies, sizeof(hook_remedies) / sizeof(*hook_remedies),
                job->error, "see the last words of the program of PwResetHook, "
                "and its own log; exit 0 means done, 75 that it is to be run "
                "again");
}
