/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ssh ROOT PID: whether somebody is at that process from afar. */
#include "facts/ssh.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char *argv[])
{
        struct root root = ROOT_INIT;

        if (argc != 3 || root_open(argv[1], &root) < 0)
                return 2;
        puts(ssh_reaches(&root, atoi(argv[2])) ? "remote" : "local");
        root_close(&root);
        return 0;
}
