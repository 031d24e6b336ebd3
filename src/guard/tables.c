/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's files say it will have: fstab, crypttab, integritytab, veritytab, units of systemd. */
#include "base/str.h"
#include "guard/fields.h"
#include "guard/source.h"
#include "guard/storage.h"

/* The value of TAG="value" may be quoted. */
static void unquote(char *spec)
{
        char *value = strchr(spec, '='), *end = spec + strlen(spec);

        if (value && (value[1] == '"' || value[1] == '\'') && end > value + 2 && end[-1] == value[1]) {
                end[-1] = '\0';
                memmove(value + 1, value + 2, strlen(value + 2) + 1);
        }
}

/* A row of a table: a comment has no fields. */
static bool row(struct graph *g, const char **text, const char ***ret, size_t *ret_n)
{
        bool there = guard_fields(g->arena, text, ret, ret_n);

        if (there && *ret_n > 0 && (*ret)[0][0] == '#')
                *ret_n = 0;
        return there;
}

/* Whether crypttab opens a device of that name: then its own line says where it is. */
static bool is_opened(struct graph *g, const char *crypttab, const char *spec)
{
        const char **f;
        size_t n;

        if (!startswith(spec, "/dev/mapper/"))
                return false;
        while (row(g, &crypttab, &f, &n))
                if (n >= 2 && streq(f[0], spec + strlen("/dev/mapper/")))
                        return true;
        return false;
}

/* What a line of fstab, or a unit, mounts or swaps to. */
struct entry {
        const char *spec, *at, *type;
        const char *file; /* that has it */
};

static void use_entry(struct graph *g, const char *crypttab, const struct entry *e)
{
        bool swap = streq(e->type, "swap");
        const char *on = swap ? "swap" : e->at, *what = arena_printf(g->arena, "%s %s", e->file, on);
        char *spec = arena_strdup(g->arena, e->spec);

        unquote(spec);
        if (startswith(spec, "ID=")) /* mount(8): udev's ID */
                spec = arena_join(g->arena, "/dev/disk/by-id/", spec + strlen("ID="), NULL);
        if (streq(e->type, "zfs"))
                guard_use_dataset(g, e->spec, what);
        else if (guard_names_disk(spec) && guard_use_spec(g, spec, what) == 0 && !is_opened(g, crypttab, spec) &&
                 guard_use_volume(g, spec, what) == 0 && (swap || !guard_mounted(g, e->at)))
                guard_absent(g, spec, "%s has %s for %s, and its disk is unknown", e->file, spec, on);
}

static void short_row(struct graph *g, const char *table)
{
        guard_unknown(g, &g->evidence->storage_unknown, "/etc/%s has a line that is not whole", table);
}

/* What local-fs.target requires (systemd.mount(5)). */
static bool is_awaited(const char *type, const char *options)
{
        static const char *const others[] = {"nofail", "noauto", "_netdev", "x-systemd.automount"};

        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                for (const char *c = options; (c = strstr(c, others[i])); c++)
                        if ((c == options || c[-1] == ',') && strchr(",=", c[strlen(others[i])]))
                                return false;
        return !streq(type, "swap");
}

static void use_fstab(struct graph *g, const char *crypttab, const char *fstab)
{
        const char **f;
        size_t n;

        while (row(g, &fstab, &f, &n)) {
                size_t first = g->evidence->n_uses;

                if (n >= 3)
                        use_entry(g, crypttab, &(struct entry){f[0], f[1], f[2], "fstab"});
                else if (n > 0)
                        short_row(g, "fstab");
                for (size_t i = first; i < g->evidence->n_uses; i++)
                        g->evidence->uses[i].awaited = is_awaited(f[2], n >= 4 ? f[3] : "");
                if (n >= 4)
                        guard_use_options(g, f[3], arena_join(g->arena, "fstab ", f[1], NULL));
        }
}

static bool is_open(const struct graph *g, const char *map_name)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                if (g->evidence->nodes[i].map_name && streq(g->evidence->nodes[i].map_name, map_name))
                        return true;
        return false;
}

/* One device of a line: what it opens, or where its key or header is, which an open one does not show. */
static void use_device(struct graph *g, const char *table, const char *name, const char *device, bool opens)
{
        char *spec = arena_strdup(g->arena, device);
        const char *what = arena_join(g->arena, table, " ", name, NULL);

        unquote(spec);
        if (guard_names_disk(spec) && guard_use_spec(g, spec, what) == 0 && !(opens && is_open(g, name)) &&
            guard_use_volume(g, spec, what) == 0)
                guard_absent(g, spec, "%s has %s for %s, and its disk is unknown", table, spec, name);
}

/* Where a key is: a file, "FILE:DEVICE" (crypttab(5)), or "DEVICE:WHERE" for a script (README.initramfs of Debian's).
 */
static void use_key(struct graph *g, const char *table, const char *name, const char *file)
{
        const char *colon = *file == '/' && !startswith(file, "/dev/") ? strchr(file, ':') : NULL, *lost;
        const char *what = arena_join(g->arena, table, " ", name, NULL);
        char *spec = arena_strdup(g->arena, colon ? colon + 1 : file);
        size_t found = 0;

        unquote(spec);
        if (!strchr(spec, ':') || !guard_names_disk(spec)) {
                use_device(g, table, name, spec, false);
                return;
        }
        lost = guard_use_named(g, spec, what, &found);
        if (lost)
                guard_absent(g, lost, "%s has %s for %s, and its disk is unknown", table, lost, name);
}

/* NAME DEVICE KEY OPTIONS; veritytab has NAME DATA HASHES ROOTHASH OPTIONS. */
static void use_opened(struct graph *g, const char *table, const char *text, bool verity)
{
        size_t options = verity ? 4 : 3, n;
        const char **f;

        while (row(g, &text, &f, &n)) {
                if (n == 0)
                        continue;
                if (n < (verity ? 4 : 2)) {
                        short_row(g, table);
                        continue;
                }
                use_device(g, table, f[0], f[1], true);
                if (n > 2)
                        use_key(g, table, f[0], f[2]);
                if (n > options)
                        guard_use_options(g, f[options], arena_join(g->arena, table, " ", f[0], NULL));
        }
}

/* A line that ends with a backslash goes on on the next; comments between count for nothing (systemd.syntax(7)). */
static char *unfold(char *text)
{
        char *out = text;

        for (const char *in = text; *in;) {
                if (in[0] != '\\' || in[1] != '\n') {
                        *out++ = *in++;
                        continue;
                }
                *out++ = ' ';
                for (in += 2; in[strspn(in, " \t")] == '#' || in[strspn(in, " \t")] == ';';)
                        in += strcspn(in, "\n") + (in[strcspn(in, "\n")] == '\n');
        }
        *out = '\0';
        return text;
}

/* The last value of a key in a unit of systemd, which may have blanks around its "=". */
static char *unit_value(struct graph *g, const char *text, const char *key)
{
        const char *line, *end;
        char *value = NULL;

        while ((line = guard_line(&text, &end))) {
                line += strspn(line, " \t");
                if (!startswith(line, key))
                        continue;
                line += strlen(key);
                line += strspn(line, " \t");
                if (*line == '=' && line < end)
                        value = arena_strndup(g->arena, line + 1, (size_t)(end - line) - 1);
        }
        return value;
}

/* A unit, or a drop-in of one. */
static void use_unit(struct graph *g, const char *crypttab, const char *path, const char *name, bool swap)
{
        char *text, *what, *where, *options;

        guard_read(g, path, &text);
        unfold(text);
        what = unit_value(g, text, "What");
        where = unit_value(g, text, "Where");
        options = unit_value(g, text, "Options");
        if (options)
                guard_use_options(g, options, name);
        if (what)
                use_entry(g, crypttab,
                          &(struct entry){str_trim(what), where ? str_trim(where) : "", swap ? "swap" : "", name});
}

static void use_units_of(struct graph *g, const char *crypttab, const char *dir, struct strings *seen)
{
        static const struct {
                const char *suffix;
                bool drop_ins, swap;
        } kinds[] = {
                {".mount", false, false}, {".swap", false, true}, {".mount.d", true, false}, {".swap.d", true, true}};
        const char **names, **files;
        size_t n, n_files;

        guard_list(g, dir, &names, &n);
        for (size_t i = 0; i < n; i++)
                for (size_t s = 0; s < ARRAY_SIZE(kinds); s++) {
                        const char *path = arena_join(g->arena, dir, "/", names[i], NULL);

                        if (!endswith(names[i], kinds[s].suffix))
                                continue;
                        if (!kinds[s].drop_ins) {
                                /* One of that name in a directory that goes before replaces it. */
                                if (str_index(names[i], seen->v, seen->n) < 0)
                                        use_unit(g, crypttab, path, names[i], kinds[s].swap);
                                strings_add(g->arena, seen, names[i]);
                                continue;
                        }
                        guard_list(g, path, &files, &n_files);
                        for (size_t d = 0; d < n_files; d++)
                                use_unit(g, crypttab, arena_join(g->arena, path, "/", files[d], NULL), names[i],
                                         kinds[s].swap);
                }
}

/* In their order (systemd.unit(5), UNIT FILE LOAD PATH). */
static void use_units(struct graph *g, const char *crypttab)
{
        static const char *const dirs[] = {
                "/run/systemd/transient",  "/run/systemd/generator.early", "/etc/systemd/system",
                "/run/systemd/system",     "/run/systemd/generator",       "/usr/local/lib/systemd/system",
                "/usr/lib/systemd/system", "/lib/systemd/system",          "/run/systemd/generator.late"};
        struct strings seen = {};

        /* /run is the initrd's own there. */
        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
                if (!g->facts->in_initrd || !startswith(dirs[i], "/run/"))
                        use_units_of(g, crypttab, guard_in_root(g, dirs[i]), &seen);
}

/* A host need not have it. */
static const char *table(struct graph *g, const char *path)
{
        char *text;

        if (guard_read(g, guard_in_root(g, path), &text) == SOURCE_UNREADABLE)
                guard_unknown(g, &g->evidence->storage_unknown, "%s cannot be read", path);
        return text;
}

void guard_tables(struct graph *g)
{
        const char *crypttab = table(g, "/etc/crypttab"), *fstab = table(g, "/etc/fstab");

        use_fstab(g, crypttab, fstab);
        use_opened(g, "crypttab", crypttab, false);
        use_opened(g, "integritytab", table(g, "/etc/integritytab"), false);
        use_opened(g, "veritytab", table(g, "/etc/veritytab"), true);
        use_units(g, crypttab);
}
