/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Files that an apply changes, and what earlier ones have put into files. */

#include <stdbool.h>

#include "base/str.h"

struct change {
        const char *path;
        const char *old, *new; /* NULL: not there */
        struct strings added;  /* tokens that new has and old has not */
        bool aside;            /* a boot that hands devices over does not read it */
        bool packed;           /* old and new are what such a file says; what it is: */
        const char *was;       /* content.h of the old one */
        const char *data;      /* the new one, once it is made */
        size_t size;
        const char *initrd; /* that the new one carries, once it is made; NULL: none */
        size_t initrd_size;
};

/* All of one apply. */
struct changes {
        const char *boot; /* how the host boots, for people */
        struct change *v;
        size_t n;
        const char *command;   /* to be run behind them, as people would type it; or NULL */
        const char *back;      /* the command that takes it back; NULL: the same one, once the files are as they were */
        struct strings added;  /* kernel parameters that the command adds, to no file of these */
        const char *generated; /* the file that the command writes, or NULL */
        struct strings images; /* boot images that are built anew */
        struct strings seen;   /* files that are left as they are: a later apply must not take them for new */
};

/* The change of that file, or NULL. */
const struct change *changes_find(const struct changes *changes, const char *path);
/* What is to be written; NULL: the file goes. */
const char *change_data(const struct change *change, size_t *ret_size);
void changes_add(struct changes *changes, struct arena *a, struct change change);

struct owned_token {
        const char *path, *token;
};

/* What earlier applies have put into files. */
struct owned {
        struct owned_token *tokens;
        size_t n_tokens;
        struct strings seen; /* files that were there when something was applied */
};
