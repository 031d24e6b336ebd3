/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What in a captured machine is a secret: by its shape, by the key that it stands behind, or by the file it is in. */

#include "ctl/anonymise.h"

/* All that the file, or a name or a link (path NULL), gives away is added. */
void secrets_learn(struct anonymiser *y, const char *path, const char *data, size_t size);

/* Scrambles what opens something: passwords, keys, names of accounts; in place. */
void credentials_hide(const struct anonymiser *y, const char *path, char *data, size_t size);
