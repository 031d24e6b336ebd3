/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Attributes and small macros that every module uses. */

#include <stddef.h>

#define _cleanup_(f)      __attribute__((cleanup(f)))
#define _unused_          __attribute__((unused))
#define _must_check_      __attribute__((warn_unused_result))
#define _returns_nonnull_ __attribute__((returns_nonnull))
#define _printf_(a, b)    __attribute__((format(printf, a, b)))
#define ARRAY_SIZE(a)     (sizeof(a) / sizeof((a)[0]))

#define MAX(a, b)                                                                                                      \
        __extension__({                                                                                                \
                __auto_type a_ = (a);                                                                                  \
                __auto_type b_ = (b);                                                                                  \
                a_ > b_ ? a_ : b_;                                                                                     \
        })
#define MIN(a, b)                                                                                                      \
        __extension__({                                                                                                \
                __auto_type a_ = (a);                                                                                  \
                __auto_type b_ = (b);                                                                                  \
                a_ < b_ ? a_ : b_;                                                                                     \
        })

/* Where the programs and their static data live once installed. */
#define PASSTHROUGH_LIBEXEC "/usr/lib/passthrough"
#define PASSTHROUGH_RUN     "/run/passthrough"
/* Files named as the devices of which a write has not come back; each has the PID of who is still waiting. */
#define PASSTHROUGH_STUCK PASSTHROUGH_RUN "/stuck"
