/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a file has in it: "SIZE:HASH" (str_hash(), 16 digits), or NULL where there is no file. */

#include "base/root.h"

/* Whether a text that was read back has that form. */
bool content_valid(const char *s);
/* data NULL: no file. */
const char *content_of(struct arena *a, const char *data, size_t size);
/* The content of a file of any size, as it is now. 0 or -errno. */
int content_measure(const struct root *root, struct arena *a, const char *path, const char **ret) _must_check_;
/* The same, with the file itself, which has to fit into memory. */
int content_read(const struct root *root, struct arena *a, const char *path, const char **ret, char **ret_data,
                 size_t *ret_size) _must_check_;
