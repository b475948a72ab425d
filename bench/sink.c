/* SPDX-License-Identifier: Apache-2.0 */
/* A mail program that takes everything and keeps nothing: `sink FILE ...`.
 * While FILE is there, it does not end, and whoever waits for it waits. */
#include <poll.h>
#include <unistd.h>

#define LOOK_MS 50

int main(int argc, char **argv)
{
    static char message[65536];
    ssize_t n;

    do {
        n = read(0, message, sizeof(message));
    } while (n > 0);
    while (argc > 1 && access(argv[1], F_OK) == 0) {
        poll(NULL, 0, LOOK_MS);
    }
    return n < 0;
}
