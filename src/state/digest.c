/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/digest.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"
#include "config/settings.h"

#define FIRST_LINE "passthrough-digest 1\n"
#define FILE_MAX   ((size_t)16 * 1024 * 1024)

uint64_t digest_string(uint64_t h, const char *s)
{
        return str_hash(h, s, strlen(s) + 1);
}

int digest_of_config(const struct root *root, struct arena *a, const struct config *config, uint64_t *ret)
{
        struct diags diags = {.arena = a};
        struct settings_file *files;
        uint64_t h = STR_HASH_START;
        size_t n;
        int k = settings_files(root, a, &diags, &files, &n);

        for (size_t i = 0; k == 0 && i < n; i++)
                h = str_hash(digest_string(h, files[i].path), files[i].text, files[i].size);
        for (size_t i = 0; k == 0 && i < config->n_masks; i++)
                h = digest_string(h, config->masks[i]);
        for (size_t r = 0; k == 0 && r < config->n_rules; r++)
                for (size_t i = 0; k == 0 && !config->rules[r].credential && i < config->rules[r].n_files; i++) {
                        char *text;
                        size_t size;

                        k = root_read_all(root, a, config->rules[r].files[i], FILE_MAX, &text, &size);
                        if (k == 0)
                                h = str_hash(digest_string(h, config->rules[r].files[i]), text, size);
                }
        *ret = h;
        return k;
}

char *digest_format(struct arena *a, const struct image_digest *digest)
{
        char clearance[64] = "";

        if (digest->has_clearance)
                snprintf(clearance, sizeof(clearance), "clearance %016" PRIx64 "\n", digest->clearance);
        return arena_printf(a, FIRST_LINE "config %016" PRIx64 "\nprograms %016" PRIx64 "\n%s", digest->config,
                            digest->programs, clearance);
}

struct image_digest digest_parse(const char *text)
{
        struct image_digest d = {};
        int n = sscanf(text, FIRST_LINE "config %16" SCNx64 " programs %16" SCNx64 " clearance %16" SCNx64, &d.config,
                       &d.programs, &d.clearance);

        d.known = n >= 2;
        d.has_clearance = n == 3;
        return d;
}

struct image_digest digest_here(const struct root *root)
{
        char text[256];

        return root_read(root, DIGEST_PATH, text, sizeof(text)) > 0 ? digest_parse(text) : (struct image_digest){};
}
