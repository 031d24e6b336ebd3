/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line as Cloudpods' host agent reads it (pkg/hostman/isolated_device/gpu.go, CustomProbe(0): of the first
 * device alone it splits /proc/cmdline at each blank, and looks for whole words), and huge pages
 * (pkg/hostman/hostinfo/hostinfo.go).
 */
#include "check/cloudpods.h"

#include <inttypes.h>

#include "base/str.h"
#include "check/demands.h"

bool cloudpods_takes(const struct device *d)
{
        return startswith(d->class, "0300") || startswith(d->class, "0302");
}

bool cloudpods_is_gpu(const struct device *d)
{
        return cloudpods_takes(d) ||
               (startswith(d->class, "0380") && (startswith(d->id, "10de:") || startswith(d->id, "1002:")));
}

/* ---- the command line -------------------------------------------------------------------------------------------- */

static const char cmdline_id[] = "cloudpods.cmdline";

struct line_words {
        const char **v;
        size_t n;
};

/* A quote, a tab or anything behind the value makes it another word. */
static struct line_words split(struct checker *c)
{
        char *line = str_trim(arena_strdup(c->arena, c->plan->facts->cmdline)), *word;
        struct line_words words = {};

        while ((word = strsep(&line, " ")))
                str_add(c->arena, &words.v, &words.n, word);
        return words;
}

/* A word of the line that is meant for the same, or NULL. */
static const char *like(const struct line_words *words, const char *token)
{
        size_t name = strcspn(token, "=");

        for (size_t i = 0; i < words->n; i++) {
                const char *word = words->v[i] + strspn(words->v[i], "\"");
                size_t k = 0;

                while (k < name && (word[k] == token[k] || (word[k] == '-' && token[k] == '_')))
                        k++;
                if (k == name && word[k] == '=')
                        return words->v[i];
        }
        return NULL;
}

static const char *token_fix(struct checker *c, const char *token)
{
        for (size_t i = 0; i < c->in->needs->n_tokens; i++)
                if (streq(c->in->needs->tokens[i].token, token) && !c->facts->loader_problem)
                        return arena_join(c->arena, "passthroughctl apply adds ", token, "; then reboot", NULL);
        return arena_join(c->arena, "write CommandLine=", token,
                          " below [Host] into /etc/passthrough.conf, run passthroughctl apply, and reboot", NULL);
}

struct wanted {
        const char *token, *other; /* either; other may be NULL */
        const char *fix;           /* NULL: to write it */
        const char *alone;         /* what is to be said of it though it is there, or "" */
};

static void look_for(struct checker *c, const struct line_words *words, struct wanted w)
{
        const char *here = like(words, w.token), *either = w.other ? arena_join(c->arena, " or ", w.other, NULL) : "";

        for (size_t i = 0; i < words->n; i++)
                if (streq(words->v[i], w.token) || streq_ptr(words->v[i], w.other)) {
                        check_row(c, cmdline_id, CHECK_PASS, "", "the host agent looks for %s%s, which is there%s",
                                  w.token, either, w.alone);
                        return;
                }
        check_row(
                c, cmdline_id, CHECK_WARN, w.fix ? w.fix : token_fix(c, w.token),
                "the host agent looks for %s%s as a word of its own, and the line has %s%s: if a graphics card is the "
                "first device it finds, it reports an error, and gives the card out all the same; old agents do not "
                "start",
                w.token, either, here ? here : "none", here ? "" : " of it");
}

/*
 * vfio_iommu_type1 asks for no remapped interrupts then (drivers/vfio/vfio_iommu_type1.c,
 * vfio_iommu_type1_attach_group()). The agent wants it of any host, needed or not.
 */
static const char *unsafe_fix(struct checker *c)
{
        static const char unsafe[] = "CommandLine=vfio_iommu_type1.allow_unsafe_interrupts=1";

        if (c->facts->machine.cmdline.remapping == KNOWN_YES)
                return arena_join(c->arena, "leave it out and live with the message, or write ", unsafe,
                                  " below [Host] into /etc/passthrough.conf: it changes nothing while interrupts are "
                                  "remapped, but of a boot that does not remap them nothing tells any more",
                                  NULL);
        return "leave it out, and have interrupts remapped first, see iommu.interrupt-remapping: without that, a guest "
               "can send the host any interrupt once the word is there";
}

void cloudpods_cmdline(struct checker *c)
{
        struct line_words words;
        bool any = false;

        for (size_t i = 0; i < c->plan->n_entries; i++)
                any |= demand_given(c, &c->plan->entries[i]) && cloudpods_is_gpu(check_device(c, &c->plan->entries[i]));
        if (!any) {
                check_row(c, cmdline_id, CHECK_SKIP, "",
                          "the host agent reads the line for graphics cards alone, and no rule hands one over");
                return;
        }
        if (!c->plan->facts->cmdline) {
                check_row(c, cmdline_id, CHECK_UNKNOWN, "", "there is no /proc/cmdline to look at");
                return;
        }
        words = split(c);
        look_for(c, &words,
                 (struct wanted){.token = "vfio_iommu_type1.allow_unsafe_interrupts=1",
                                 .fix = unsafe_fix(c),
                                 .alone = c->facts->machine.cmdline.remapping == KNOWN_YES
                                                  ? " for the agent alone: with remapped interrupts nothing needs it"
                                                  : ""});
        if (c->facts->machine.cmdline.vendor != CPU_AMD && c->facts->machine.cmdline.vendor != CPU_OTHER)
                look_for(c, &words, (struct wanted){.token = "intel_iommu=on", .alone = ""});
        look_for(c, &words,
                 (struct wanted){.token = "rd.driver.blacklist=nouveau", .other = "rdblacklist=nouveau", .alone = ""});
        look_for(c, &words, (struct wanted){.token = "nouveau.modeset=0", .alone = ""});
}

/* ---- huge pages -------------------------------------------------------------------------------------------------- */

#define NATIVE "hugepages_option: native"

/* "node 0 has 8, node 1 none"; *ret_none: some node has none, *ret_unknown: that of some does not show. */
static const char *by_node(struct checker *c, uint64_t size, bool *ret_none, bool *ret_unknown)
{
        const struct memory *memory = &c->facts->memory;
        const char *text = "";

        for (size_t i = 0; i < memory->n_nodes; i++) {
                const struct huge_pool *pool = memory_pool(&memory->nodes[i].memory, size);
                const char *comma = i > 0 ? ", " : "";

                *ret_unknown |= pool && !pool->known;
                *ret_none |= !pool || (pool->known && pool->pages == 0);
                if (pool && !pool->known)
                        text = arena_printf(c->arena, "%s%snode %" PRIu32 " is not known", text, comma,
                                            memory->nodes[i].node);
                else
                        text = arena_printf(c->arena, "%s%snode %" PRIu32 " has %" PRIu64, text, comma,
                                            memory->nodes[i].node, pool ? pool->pages : 0);
        }
        return text;
}

void cloudpods_hugepages(struct checker *c)
{
        static const char id[] = "cloudpods.hugepages";
        const struct settings *settings = c->in->settings;
        const struct huge_pages *want = settings->n_pages > 0 ? &settings->pages[0] : NULL;
        const struct huge_pool *pool = want ? memory_pool(&c->facts->memory.machine, want->size) : NULL;
        bool none = false, unknown = false;
        const char *nodes = want ? by_node(c, want->size, &none, &unknown) : "";
        /* EnableTransparentHugepages(): 0 into /proc/sys/vm/nr_hugepages, which is about the default size. */
        const char *gives_back = want && want->size == c->facts->memory.default_size
                                         ? "; with its default, transparent, it gives them back to the host"
                                         : "";
        uint64_t mib = want ? want->size >> 20 : 0;

        if (!want)
                check_row(c, id, CHECK_SKIP, "", "passthrough.conf asks for no huge pages");
        else if (settings->n_pages > 1)
                check_row(c, id, CHECK_WARN, "ask for one size in passthrough.conf",
                          "passthrough.conf asks for pages of %zu sizes, and the host agent takes those of one, "
                          "hugepage_size_mb",
                          settings->n_pages);
        else if (unknown || c->facts->memory.n_nodes == 0)
                check_row(c, id, CHECK_UNKNOWN, "",
                          "the host agent counts the pages of each NUMA node, and " MEMORY_NODES " does not tell%s%s",
                          *nodes ? ": " : "", nodes);
        else if (!pool || (pool->known && pool->pages == 0))
                check_row(c, id, CHECK_FAIL,
                          arena_printf(c->arena,
                                       "have them reserved, see hugepages.%s; and write " NATIVE
                                       " and hugepage_size_mb: %" PRIu64 " into the host agent's host.conf%s",
                                       want->name, mib, gives_back),
                          "no pages of %s are there, and the host agent does not start with " NATIVE " then",
                          want->name);
        else if (none)
                check_row(
                        c, id, CHECK_WARN,
                        arena_printf(c->arena, "passthroughctl hugepages %s=NODE:COUNT,... with each node", want->name),
                        "%s of %s: the host agent gives a machine pages of its own node, and no machine runs on a node "
                        "without",
                        nodes, want->name);
        else
                check_row(c, id, CHECK_PASS, "",
                          "%s of %s; the host agent takes them with " NATIVE " and hugepage_size_mb: %" PRIu64 "%s",
                          nodes, want->name, mib, gives_back);
}
