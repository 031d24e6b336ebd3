// SPDX-License-Identifier: GPL-2.0-or-later
/* End the emulated machine with a verdict: QEMU's isa-debug-exit turns the byte N, written to its port, into exit
 * status 2N+1. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>
#include <unistd.h>

enum { DEBUG_EXIT_PORT = 0x501 };

int main(int argc, char **argv)
{
        char *end;
        unsigned long code;

        if (argc != 2) {
                fprintf(stderr, "usage: debug-exit N (QEMU exits with 2N+1)\n");
                return 2;
        }
        code = strtoul(argv[1], &end, 0);
        if (*argv[1] == '\0' || *end != '\0' || code > 127) {
                fprintf(stderr, "debug-exit: not a number from 0 to 127: %s\n", argv[1]);
                return 2;
        }
        if (ioperm(DEBUG_EXIT_PORT, 1, 1) < 0) {
                perror("debug-exit: ioperm");
                return 1;
        }
        outb((unsigned char)code, DEBUG_EXIT_PORT);
        /* The machine is gone by now, unless it has no such device. */
        pause();
        return 1;
}
