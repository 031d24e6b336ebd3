/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/settings-keys.h"

#include "base/str.h"
#include "config/ini.h"
#include "config/key-table.h"

/* False: the value is none such, and the caller says what would be right. */
typedef bool (*parse_fn)(struct settings_parser *p, const char *value);

struct key {
        struct key_name is;
        parse_fn parse;
};

/* The sizes that kernels have on any architecture. */
#define SIZE_LEAST (UINT64_C(64) << 10)
#define SIZE_MOST  (UINT64_C(16) << 30)
#define UPLINK_MAX 15 /* IFNAMSIZ, less the end */

static struct huge_pages *pages_of(struct settings_parser *p)
{
        return &p->sections[p->n_sections - 1].pages;
}

static bool parse_iommu(struct settings_parser *p, const char *value)
{
        if (*value && !streq(value, "auto") && !streq(value, "on"))
                return false;
        p->settings->iommu_on = streq(value, "on");
        return true;
}

static bool parse_setting(const char *value, enum setting *ret)
{
        bool yes;

        if (*value && !str_to_bool(value, &yes))
                return false;
        *ret = !*value ? SETTING_UNSET : yes ? SETTING_YES : SETTING_NO;
        return true;
}

static bool parse_unsafe_interrupts(struct settings_parser *p, const char *value)
{
        return parse_setting(value, &p->settings->unsafe_interrupts);
}

static bool parse_disable_idle_d3(struct settings_parser *p, const char *value)
{
        return parse_setting(value, &p->settings->disable_idle_d3);
}

/* Blanks in double quotes are a token's own, as the kernel has it (lib/cmdline.c, next_arg). */
static size_t token_length(const char *s, bool *ret_quoted)
{
        bool quoted = false;
        size_t n = 0;

        for (; s[n] && (quoted || (s[n] != ' ' && s[n] != '\t')); n++)
                quoted ^= s[n] == '"';
        *ret_quoted = quoted;
        return n;
}

static void add_token(struct settings_parser *p, const char *token)
{
        struct settings *s = p->settings;
        size_t n = s->n_command_line;

        str_add(p->arena, &s->command_line_from, &n, arena_printf(p->arena, "%s:%u", p->file, p->line));
        str_add(p->arena, &s->command_line, &s->n_command_line, token);
}

static bool parse_command_line(struct settings_parser *p, const char *value)
{
        size_t before = p->settings->n_command_line, n;
        char *printable = arena_strdup(p->arena, value);
        bool quoted = false;

        str_make_printable(printable);
        if (!streq(printable, value))
                return false;
        if (!*value)
                p->settings->n_command_line = 0;
        for (const char *c = value; *(c += strspn(c, " \t")) && !quoted; c += n) {
                n = token_length(c, &quoted);
                if (n == 2 && startswith(c, "--")) {
                        p->settings->n_command_line = before;
                        diag_add(p->diags, DIAG_ERROR, p->file, p->line,
                                 "CommandLine=%.*s: the kernel reads nothing behind \"--\"; leave it out", SHOWN,
                                 value);
                        return true;
                }
                if (startswith(c + (*c == '"'), "passthrough.trial")) {
                        p->settings->n_command_line = before;
                        diag_add(p->diags, DIAG_ERROR, p->file, p->line,
                                 "CommandLine=%.*s: passthrough.trial is for the boot entry that "
                                 "passthroughctl apply makes of a trial; leave it out",
                                 SHOWN, value);
                        return true;
                }
                add_token(p, arena_strndup(p->arena, c, n));
        }
        if (!quoted)
                return true;
        p->settings->n_command_line = before;
        diag_add(p->diags, DIAG_ERROR, p->file, p->line,
                 "CommandLine=%.*s: a double quote is not closed, and the kernel would take all that follows for "
                 "its value; close it",
                 SHOWN, value);
        return true;
}

/* "none", or names as the kernel has them (net/core/dev.c, dev_valid_name). */
static bool parse_uplink(struct settings_parser *p, const char *value)
{
        const char **names;
        size_t n;

        str_words(p->arena, value, &names, &n);
        for (size_t i = 0; i < n; i++)
                if (strlen(names[i]) > UPLINK_MAX || strpbrk(names[i], "/:,;*?") || (n > 1 && streq(names[i], "none")))
                        return false;
        p->settings->uplink = names;
        p->settings->n_uplink = n;
        return true;
}

static char *size_name(struct arena *a, uint64_t size)
{
        static const char suffixes[] = "KMG";
        size_t i = 0;

        for (size >>= 10; size >= 1024 && i < 2; i++)
                size >>= 10;
        return arena_printf(a, "%u%c", (unsigned)size, suffixes[i]);
}

static bool parse_size(struct settings_parser *p, const char *value)
{
        static const char suffixes[] = "KMG";
        struct huge_pages *pages = pages_of(p);
        size_t n = strspn(value, "0123456789");
        const char *suffix = value[n] ? strchr(suffixes, value[n]) : NULL;
        char *digits = arena_strndup(p->arena, value, n);
        uint64_t size;
        uint32_t v;

        if (!suffix || value[n + 1] || !str_to_u32(digits, 10, &v))
                return false;
        size = (uint64_t)v << 10 * (suffix - suffixes + 1);
        if (size < SIZE_LEAST || size > SIZE_MOST || (size & (size - 1)) != 0)
                return false;
        pages->size = size;
        pages->name = size_name(p->arena, size);
        p->sections[p->n_sections - 1].size_line = p->line;
        return true;
}

static bool parse_count(struct settings_parser *p, const char *value)
{
        struct huge_pages *pages = pages_of(p);
        uint32_t count = 0;
        bool valid = !*value || str_to_u32(value, 10, &count);

        pages->has_count = *value;
        pages->count = count;
        return valid;
}

static bool add_node(struct settings_parser *p, const char *word)
{
        struct huge_pages *pages = pages_of(p);
        const char *colon = strchr(word, ':');
        char *first = colon ? arena_strndup(p->arena, word, (size_t)(colon - word)) : NULL;
        struct huge_node *slot;
        uint32_t node, count;

        if (!colon)
                return false;
        if (!str_to_u32(first, 10, &node) || !str_to_u32(colon + 1, 10, &count))
                return false;
        for (size_t i = 0; i < pages->n_nodes; i++)
                if (pages->nodes[i].node == node) {
                        diag_add(p->diags, DIAG_ERROR, p->file, p->line,
                                 "Nodes=: node %u stands there twice; write each node once", node);
                        return true;
                }
        slot = arena_grow(p->arena, &pages->nodes, pages->n_nodes, sizeof(*pages->nodes));
        *slot = (struct huge_node){.node = node, .count = count};
        pages->n_nodes++;
        return true;
}

static bool parse_nodes(struct settings_parser *p, const char *value)
{
        const char **words;
        size_t n;

        str_words(p->arena, value, &words, &n);
        for (size_t i = 0; i < n; i++)
                if (!add_node(p, words[i]))
                        return false;
        return true;
}

static bool parse_default(struct settings_parser *p, const char *value)
{
        struct huge_pages *pages = pages_of(p);

        pages->is_default = false;
        p->sections[p->n_sections - 1].default_line = p->line;
        return !*value || str_to_bool(value, &pages->is_default);
}

static const struct key keys[] = {
        {{"Host", "IOMMU", false, "auto or on"}, parse_iommu},
        {{"Host", "UnsafeInterrupts", false, "yes or no"}, parse_unsafe_interrupts},
        {{"Host", "DisableIdleD3", false, "yes or no"}, parse_disable_idle_d3},
        {{"Host", "CommandLine", true, "tokens of the kernel command line, without control characters"},
         parse_command_line},
        {{"Host", "Uplink", false, "none, or the names of network interfaces, such as eno1"}, parse_uplink},
        {{"HugePages", "Size", false,
          "a size that the kernel has, from 64K to 16G and a power of two, such as 1G or 2M"},
         parse_size},
        {{"HugePages", "Count", false, "a number of pages, such as 8"}, parse_count},
        {{"HugePages", "Nodes", false, "NODE:COUNT for each NUMA node, such as 0:8 1:8"}, parse_nodes},
        {{"HugePages", "Default", false, "yes or no"}, parse_default},
};
_Static_assert(ARRAY_SIZE(keys) <= 64, "settings_parser.seen has a bit for each key");

static const char *const sections[] = {"Host", "HugePages"};

static bool known(const char *section)
{
        for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
                if (streq(section, sections[i]))
                        return true;
        return false;
}

/* Twice in one file, neither is the one that was meant. */
static void check_twice(struct settings_parser *p, struct settings_section *s)
{
        for (struct settings_section *x = p->sections; x < s; x++) {
                if (!streq(x->file, s->file) || x->pages.size != s->pages.size)
                        continue;
                x->broken = s->broken = true;
                diag_add(p->diags, DIAG_ERROR, s->file, s->size_line,
                         "Size=%s has a section already (line %u); keep one of the two", s->pages.name, x->line);
                return;
        }
}

/* Checks that need the whole section. */
static void close_section(struct settings_parser *p)
{
        struct settings_section *s = p->open ? &p->sections[p->n_sections - 1] : NULL;

        p->open = false;
        if (!s)
                return;
        s->broken = p->diags->n_errors > s->errors;
        if (s->pages.has_count && s->pages.n_nodes > 0)
                diag_add(p->diags, DIAG_ERROR, s->file, s->line,
                         "[HugePages] has both Count= and Nodes=; keep Count= for the whole machine, or Nodes= for "
                         "each NUMA node");
        if (!s->broken && s->pages.size == 0)
                diag_add(p->diags, DIAG_ERROR, s->file, s->line,
                         "[HugePages] does not say which size; add Size=1G or Size=2M");
        if (!s->broken && !s->pages.has_count && s->pages.n_nodes == 0)
                diag_add(p->diags, DIAG_ERROR, s->file, s->line,
                         "[HugePages] does not say how many; add Count=8, or Nodes=0:8 1:8");
        s->broken = p->diags->n_errors > s->errors;
        if (s->pages.size > 0)
                check_twice(p, s);
}

static void open_section(struct settings_parser *p)
{
        struct settings_section *s = arena_grow(p->arena, &p->sections, p->n_sections, sizeof(*p->sections));

        *s = (struct settings_section){.file = p->file, .line = p->line, .errors = p->diags->n_errors};
        p->n_sections++;
        p->open = true;
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (streq(keys[i].is.section, "HugePages"))
                        p->seen &= ~(UINT64_C(1) << i);
}

static void on_section(void *data, unsigned line, const char *name)
{
        struct settings_parser *p = data;
        const char *nearest;

        close_section(p);

        p->line = line;
        if (streq(name, "HugePages")) {
                open_section(p);
                return;
        }
        if (known(name))
                return;
        if (streq(name, "Match") || streq(name, "Device")) {
                diag_add(p->diags, DIAG_ERROR, p->file, line,
                         "section [%s] is a rule's; move it to a file NAME.conf in /etc/passthrough.d", name);
                return;
        }
        nearest = str_nearest(name, sections, ARRAY_SIZE(sections));
        if (nearest) {
                diag_add(p->diags, DIAG_ERROR, p->file, line, "unknown section [%.*s]; did you mean [%s]?", SHOWN, name,
                         nearest);
                return;
        }
        diag_add(p->diags, DIAG_ERROR, p->file, line,
                 "unknown section [%.*s]; passthrough.conf has [Host] and [HugePages]", SHOWN, name);
        return;
}

static const struct key_table table = {.keys = keys,
                                       .key_size = sizeof(*keys),
                                       .n = ARRAY_SIZE(keys),
                                       .sections = "[Host] or [HugePages]",
                                       .page = "passthrough.conf(5)"};

static void on_assign(void *data, unsigned line, const char *section, const char *name, const char *value)
{
        struct settings_parser *p = data;
        struct key_place place = {p->diags, p->file, line};
        size_t i;

        p->line = line;
        if (key_find(&table, &place, section, name, &i) && key_once(&table, &place, i, &p->seen) &&
            !keys[i].parse(p, value))
                key_invalid(&place, name, value, keys[i].is.right);
}

void settings_parse(struct settings_parser *p, const struct settings_file *file)
{
        struct ini_handler handler = {.section = on_section, .assign = on_assign, .data = p};

        p->file = file->path;
        p->seen = 0;
        ini_parse(file->path, file->text, file->size, p->diags, &handler);
        close_section(p);
}
