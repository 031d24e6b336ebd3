/* SPDX-License-Identifier: GPL-2.0-or-later */
/* captured-knows DIR PATH...: what a captured machine knows of each. */
#include <stdio.h>

#include "base/captured.h"
#include "base/recfile.h"

int main(int argc, char *argv[])
{
        static const char *const names[] = {[CAPTURED_THERE] = "there",
                                            [CAPTURED_NAMED] = "named",
                                            [CAPTURED_ABSENT] = "absent",
                                            [CAPTURED_UNREADABLE] = "unreadable",
                                            [CAPTURED_UNKNOWN] = "unknown"};
        struct root root = ROOT_INIT;
        struct captured captured;
        struct arena arena = {};
        int k = argc > 2 ? root_open(argv[1], &root) : -1;

        if (k == 0)
                k = captured_open(&root, &arena, &captured);
        if (k < 0)
                return 2;
        if (k == RECFILE_ABSENT)
                fputs("no capture", stdout);
        for (int i = 2; k == 0 && i < argc; i++)
                printf("%s%s", i > 2 ? " " : "", names[captured_knows(&captured, &root, &arena, argv[i])]);
        root_close(&root);
        arena_free(&arena);
        return 0;
}
