/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of the Boot Loader Specification, type 1: lines of a key and a value, of which "options" may come several
 * times. Red Hat's GRUB of a while has "options $kernelopts" in them, and that variable in its environment block.
 */
#include <errno.h>

#include "base/str.h"
#include "loader/loader.h"

#define KERNELOPTS "$kernelopts"

/* The value of the next line with that key. */
static bool next_value(const char **text, const char *key, struct span *ret)
{
        size_t n = strlen(key);
        struct span line;

        while (span_line(text, &line)) {
                if (line.length <= n || memcmp(line.at, key, n) != 0 || (line.at[n] != ' ' && line.at[n] != '\t'))
                        continue;
                while (n < line.length && (line.at[n] == ' ' || line.at[n] == '\t'))
                        n++;
                *ret = (struct span){line.at + n, line.length - n};
                return true;
        }
        return false;
}

bool entry_value(const char *text, const char *key, size_t n, struct span *ret)
{
        struct span line, word;

        while (span_line(&text, &line))
                if (span_token(&line, &word) && span_is(word, key) && span_token(&line, ret) && n-- == 0)
                        return true;
        return false;
}

bool entry_is_of(const struct boot_file *entry, const char *release)
{
        struct span version, kernel;

        if (entry_value(entry->text, "version", 0, &version) && span_is(version, release))
                return true;
        return entry_value(entry->text, "linux", 0, &kernel) && kernel.length > strlen(release) &&
               memmem(kernel.at, kernel.length, release, strlen(release)) ==
                       kernel.at + kernel.length - strlen(release);
}

bool entry_uses_grubenv(const struct boot_file *entry)
{
        const char *text = entry->text;
        struct span value;

        while (next_value(&text, "options", &value))
                if (span_has(value, KERNELOPTS))
                        return true;
        return false;
}

bool entry_has(const struct boot_facts *facts, const struct boot_file *entry, const char *token)
{
        const char *text = entry->text;
        struct span value;

        while (next_value(&text, "options", &value))
                if (span_has(value, token))
                        return true;
        return entry_uses_grubenv(entry) && facts->grubenv.text && grubenv_line(facts->grubenv.text, &value) &&
               span_has(value, token);
}

/*
 * GRUB puts BOOT_IMAGE= in front, with the device where it reads entries; systemd-boot initrd=, for each. Several lines
 * of options become one.
 */
size_t entry_length(const struct boot_facts *facts, const struct boot_file *entry)
{
        bool grub = facts->path == BOOT_GRUB2_BLS;
        const char *text = entry->text;
        struct span value;
        size_t n = 0;

        while (next_value(&text, grub ? "linux" : "initrd", &value))
                n += strlen(grub ? "BOOT_IMAGE=(hd0,gpt1) " : "initrd= ") + value.length;
        text = entry->text;
        while (next_value(&text, "options", &value))
                n += value.length + 1;
        if (entry_uses_grubenv(entry) && facts->grubenv.text && grubenv_line(facts->grubenv.text, &value))
                n += value.length - strlen(KERNELOPTS);
        return n > 0 ? n - 1 : 0;
}

bool entry_root(const struct boot_file *entry, struct span *ret)
{
        const char *text = entry->text;
        struct span value;

        while (next_value(&text, "options", &value))
                if (span_value(value, "root=", ret))
                        return true;
        return false;
}

/* Several systems may share the directory: by machine ID, by kernel-install's token, else by the root they boot. */
bool entry_is_ours(const struct boot_facts *facts, const struct boot_file *entry)
{
        const char *text = entry->text, *name = str_basename(entry->path);
        struct span value, root, booted;

        if (!next_value(&text, "linux", &value))
                return false;
        text = entry->text;
        if (facts->machine_id && next_value(&text, "machine-id", &value))
                return span_is(value, facts->machine_id);
        if ((facts->machine_id && startswith(name, facts->machine_id)) ||
            (facts->entry_token && startswith(name, facts->entry_token)) || entry_uses_grubenv(entry))
                return true;
        if (!facts->cmdline || !entry_root(entry, &root) ||
            !span_value((struct span){facts->cmdline, strlen(facts->cmdline)}, "root=", &booted))
                return false;
        return root.length == booted.length && memcmp(root.at, booted.at, root.length) == 0;
}

char *entry_edit(struct arena *a, const char *text, const char *const *add, size_t n_add, const char *const *drop,
                 size_t n_drop)
{
        const char *rest, *last = NULL;
        struct span value;
        char *line;

        for (size_t i = 0; text && i < n_drop; i++)
                for (rest = text; next_value(&rest, "options", &value);)
                        if (span_has(value, drop[i])) {
                                line = span_without(a, value, &drop[i], 1);
                                text = line ? span_replace(a, text, value, line) : NULL;
                                break;
                        }
        if (!text || n_add == 0)
                return (char *)text;
        for (rest = text; next_value(&rest, "options", &value);)
                last = value.at;
        if (!last) {
                line = span_with(a, (struct span){"", 0}, add, n_add);
                return line ? arena_join(a, text, *text && text[strlen(text) - 1] != '\n' ? "\n" : "", "options ", line,
                                         "\n", NULL)
                            : NULL;
        }
        value = (struct span){last, strcspn(last, "\n")};
        line = span_with(a, value, add, n_add);
        return line ? span_replace(a, text, value, line) : NULL;
}

bool grubenv_line(const char *text, struct span *ret)
{
        struct span line;

        while (span_line(&text, &line))
                if (line.length > strlen("kernelopts=") && startswith(line.at, "kernelopts=")) {
                        *ret = (struct span){line.at + strlen("kernelopts="), line.length - strlen("kernelopts=")};
                        return true;
                }
        return false;
}

/* A block of fixed size, filled up with "#" (util/grub-editenv.c). */
char *grubenv_edit(struct arena *a, const char *text, const char *const *add, size_t n_add, const char *const *drop,
                   size_t n_drop, bool *ret_full)
{
        size_t size = strlen(text), used, now;
        struct span value;
        char *line, *copy;

        *ret_full = false;
        if (!grubenv_line(text, &value))
                return NULL;
        line = span_without(a, value, drop, n_drop);
        line = line ? span_with(a, (struct span){line, strlen(line)}, add, n_add) : NULL;
        copy = line ? span_replace(a, text, value, line) : NULL;
        if (!copy)
                return NULL;
        used = strlen(copy);
        while (used > 0 && copy[used - 1] == '#')
                used--;
        now = size;
        if (used > now) {
                *ret_full = true;
                return NULL;
        }
        copy = arena_strndup(a, copy, used);
        line = copy ? arena_alloc(a, now + 1) : NULL;
        if (line) {
                memset(line, '#', now);
                memcpy(line, copy, used);
        }
        return line;
}
