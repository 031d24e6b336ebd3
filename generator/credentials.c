/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credentials.h"

#include "base/str.h"
#include "config/config.h"

#define FILE_MAX ((size_t)4 * 1024 * 1024)

/* Of what is encrypted the name alone; of what cannot be read a text that is an error in any rule. */
static void copy(const struct root *root, struct arena *a, struct units *u, const char *from, const char *to, bool text)
{
        const char **names;
        size_t n;

        if (root_names(root, a, from, &names, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                char *data = "";
                size_t size = 0;

                if (!startswith(names[i], CONFIG_CREDENTIAL))
                        continue;
                if (text &&
                    root_read_all(root, a, arena_join(a, from, "/", names[i], NULL), FILE_MAX, &data, &size) < 0) {
                        data = "the credential cannot be read\n";
                        size = strlen(data);
                }
                units_put(u, arena_join(a, str_basename(to), "/", names[i], NULL), data, size);
        }
}

void credentials_copy(const struct root *root, struct arena *a, struct units *u)
{
        copy(root, a, u, CONFIG_CREDENTIALS, CONFIG_COPIES, true);
        copy(root, a, u, CONFIG_SEALED, CONFIG_COPIES_SEALED, false);
}
