/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* Ends the program with one message on standard error and exit status 1. */
_Noreturn void out_of_memory(void);
