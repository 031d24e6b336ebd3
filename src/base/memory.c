/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/memory.h"

#include <errno.h>
#include <unistd.h>

_Noreturn void out_of_memory(void)
{
        static const char message[] = ": out of memory\n";

        /* Nothing that could need memory. */
        (void)!write(STDERR_FILENO, program_invocation_short_name, __builtin_strlen(program_invocation_short_name));
        (void)!write(STDERR_FILENO, message, sizeof(message) - 1);
        _exit(1);
}
