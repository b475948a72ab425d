/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a list as that of Pwned Passwords: N lines SHA1:COUNT, sorted.
 *
 *     leaked N [SHA1 ...]     with these between them; they are sorted
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIX UINT64_C(0x9E3779B97F4A7C15)
#define SHA1_HEX 40

static void hex_write(char *out, uint64_t number, int digits)
{
    for (int i = digits; i > 0; i--, number >>= 4) {
        out[i - 1] = "0123456789ABCDEF"[number & 15];
    }
}

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t step = n > 0 ? UINT64_MAX / n : 1;
    char line[] = "0000000000000000000000000000000000000000:1\n";
    int next = 2;

    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    for (uint64_t i = 0; i < n; i++) {
        hex_write(line, step * i + i * MIX % step, 16);
        hex_write(line + 16, i * MIX, 16);
        hex_write(line + 32, i, 8);
        while (next < argc && strncmp(argv[next], line, SHA1_HEX) < 0) {
            printf("%s:7\n", argv[next++]);
        }
        fwrite(line, 1, sizeof(line) - 1, stdout);
    }
    while (next < argc) {
        printf("%s:7\n", argv[next++]);
    }
    return fflush(stdout) != 0;
}
