/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What every program takes: --root=DIR, --help, --version. */

#define PASSTHROUGH_VERSION "0.1"

#define EXIT_USAGE 2 /* a usage or config error, of every program */

/* For getopt_long(): programs number their own options from OPTION_OWN on. */
enum {
        OPTION_ROOT = 0x100,
        OPTION_VERSION,
        OPTION_OWN,
};

#define COMMON_OPTIONS                                                                                                 \
        {"root", required_argument, NULL, OPTION_ROOT}, {"help", no_argument, NULL, 'h'},                              \
        {                                                                                                              \
                "version", no_argument, NULL, OPTION_VERSION                                                           \
        }

#define COMMON_HELP                                                                                                    \
        "  --root=DIR   read and write a captured machine below DIR, never this one\n"                                 \
        "  --help       show this\n"                                                                                   \
        "  --version    show the version\n"
