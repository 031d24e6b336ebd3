/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up way to boot: a ROM that reads the kernel command line off the first line of /boot/rom.cfg, and that boots
 * /boot/rom.once instead, once, where that is there. tests/unit/seam-loader.bats adds it to a copy of the sources.
 */
#include "base/str.h"
#include "loader/boot-plan.h"
#include "loader/length.h"

#define CONFIG "/boot/rom.cfg"
#define ONCE   "/boot/rom.once"

static struct span line_of(const char *text)
{
        return (struct span){text, strcspn(text, "\n")};
}

static int detect(struct detector *d, struct claim *ret)
{
        if (d->probe->exists(d->probe, CONFIG))
                ret->what = CONFIG;
        return 0;
}

static int read_files(struct detector *d)
{
        return boot_read(d, CONFIG, true);
}

static const char *with(struct arena *a, const char *text, struct strings add, struct strings drop)
{
        char *line = span_without(a, line_of(text), drop);

        return span_replace(a, text, line_of(text), span_with(a, span_of(line), add));
}

static bool plan(struct boot_planner *p)
{
        const char *old = boot_text(p->facts, CONFIG);
        struct strings missing = boot_plan_missing(p, line_of(old));

        boot_plan_add(p, CONFIG, old, with(p->arena, old, missing, boot_plan_stale(p, CONFIG)), missing);
        return true;
}

static void verify(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *ret)
{
        ret->n_entries = 1;
        for (size_t i = 0; i < tokens.n; i++)
                if (!span_has(line_of(boot_text(facts, CONFIG)), tokens.v[i]))
                        strings_add(a, &ret->lacking, arena_join(a, CONFIG " has no ", tokens.v[i], NULL));
}

static void lengths(const struct boot_facts *facts, struct arena *a, struct lengths *ret)
{
        length_add(a, ret, CONFIG, line_of(boot_text(facts, CONFIG)).length);
}

static char *without(struct arena *a, const char *path, const char *text, struct strings tokens)
{
        return streq(path, CONFIG) ? span_replace(a, text, line_of(text), span_without(a, line_of(text), tokens))
                                   : NULL;
}

static const char *problem(const struct boot_facts *facts _unused_, struct probe *p)
{
        return p->program(p, "rom-once") ? NULL : "rom-once is not there";
}

static bool pending(struct probe *p)
{
        return p->exists(p, ONCE);
}

static bool loads(const struct boot_facts *facts _unused_, const char *release _unused_, const char *image)
{
        return startswith(image, "/boot/");
}

static void entry(const struct boot_facts *facts, struct arena *a, const struct trial *trial _unused_,
                  struct strings tokens, const struct owned *owned _unused_, struct change *ret)
{
        *ret = (struct change){.path = ONCE, .new = span_with(a, line_of(boot_text(facts, CONFIG)), tokens)};
}

static const char *const remains[] = {ONCE, NULL};

static const struct oneshot once = {
        .set = "rom-once " ONCE,
        .remains = remains,
        .problem = problem,
        .pending = pending,
        .loads = loads,
        .entry = entry,
};

const struct loader loader_rom = {
        .name = "a ROM",
        .once = &once,
        .detect = detect,
        .read = read_files,
        .plan = plan,
        .verify = verify,
        .lengths = lengths,
        .without = without,
};
