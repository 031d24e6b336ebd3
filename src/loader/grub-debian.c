/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB, as Debian has it: grub.d and update-grub. A trial is an entry that /etc/grub.d/42_passthrough makes. GRUB
 * forgets what it is to boot once (next_entry, 00_header) where it can write to the block that grub-reboot fills.
 */
#include "base/str.h"
#include "loader/entry.h"
#include "loader/grub.h"

#define MENU     "/boot/grub/grub.cfg"
#define UPDATE   "/usr/sbin/update-grub"
#define GRUBENV  "/boot/grub/grubenv"
#define SCRIPT   "/etc/grub.d/42_passthrough"
#define SOURCE   TRIAL_DIR "/grub" /* what the script makes the trial's entry of */
#define ENTRY_ID "passthrough-trial"
#define TITLE    "Linux, passthrough: trial"

static int detect(struct detector *d, struct claim *ret)
{
        if (grub_may_boot(d) && grub_is_debian(d->probe) && d->probe->exists(d->probe, MENU))
                ret->what = GRUB_MENU;
        return 0;
}

static int read_files(struct detector *d)
{
        struct boot_facts *f = d->facts;
        int k = grub_read_debian(d);

        f->found = MENU ", made by update-grub";
        f->menu.path = MENU;
        return k == 0 ? d->probe->text(d->probe, MENU, &f->menu.text) : k;
}

static bool plan(struct boot_planner *p)
{
        if (!grub_plan_dropin(p))
                return false;
        boot_plan_command(p, UPDATE);
        return true;
}

/* ---- an entry that is booted once ----------------------------------------------------------------------------------
 */

static const char *problem(const struct boot_facts *facts, struct probe *p)
{
        if (!p->exists(p, SCRIPT))
                return SCRIPT " is not there";
        if (!p->program(p, "grub-reboot"))
                return "grub-reboot is not there";
        return grub_once_problem(p, facts->menu.text, GRUBENV);
}

static bool pending(struct probe *p)
{
        return grub_once_pending(p, GRUBENV, ENTRY_ID);
}

/* The script puts the trial's image where the entry has that name. */
static bool loads(const struct boot_facts *facts _unused_, const char *release, const char *image)
{
        static const char own[] = "/boot/initrd.img-";

        return startswith(image, own) && streq(image + strlen(own), release);
}

/* A shell reads these lines as words, and no more. */
static void entry(const struct boot_facts *facts _unused_, struct arena *a, const struct trial *t,
                  struct strings tokens, const struct owned *owned _unused_, struct change *ret)
{
        *ret = (struct change){.path = SOURCE,
                               .new = arena_join(a, "release ", t->release, "\ninitrd ",
                                                 t->image ? str_basename(t->image) : "", "\ntokens ",
                                                 span_with(a, span_of(""), tokens), "\n", NULL)};
}

/* The next line of that command in the entry. */
static bool next_line(const char **from, const char *command, struct span *ret)
{
        struct span word;

        while (span_line(from, ret) && *ret->at != '}')
                if (span_token(ret, &word) && span_is(word, command))
                        return true;
        return false;
}

static const char *lacks(const struct boot_facts *facts, struct arena *a, const struct change *made,
                         struct strings tokens)
{
        const char *from = facts->menu.text ? strstr(facts->menu.text, "'" ENTRY_ID "'") : NULL;
        struct span line, image, word;

        if (!from)
                return "GRUB's menu has no entry for the trial";
        if (!next_line(&from, "linux", &line))
                return "the trial's entry in GRUB's menu loads no kernel";
        for (size_t i = 0; i < tokens.n; i++)
                if (!span_has(line, tokens.v[i]))
                        return arena_join(a, "the trial's entry in GRUB's menu has no ", tokens.v[i], NULL);
        if (!entry_value(made->new, "initrd", 0, &image))
                return NULL;
        if (next_line(&from, "initrd", &line))
                while (span_token(&line, &word))
                        if (streq(str_basename(grub_path(a, word)), arena_strndup(a, image.at, image.length)))
                                return NULL;
        return "the trial's entry in GRUB's menu does not load the trial's boot image";
}

/* No program is run for that: it is done on the way of a boot, by a service that does not see all of the host. */
static char *menu_without(const char *menu, struct arena *a)
{
        const char *at = strstr(menu, "menuentry '" TITLE "' "), *end = at ? strstr(at, "\n}\n") : NULL;

        if (!end || (at > menu && at[-1] != '\n'))
                return NULL;
        return span_replace(a, menu, (struct span){at, (size_t)(end + 3 - at)}, "");
}

static const char *const remains[] = {SOURCE, NULL};

static const struct oneshot once = {
        .update = UPDATE,
        .set = "grub-reboot " ENTRY_ID,
        .clear = "grub-editenv " GRUBENV " unset next_entry",
        .source = SOURCE,
        .remains = remains,
        .problem = problem,
        .pending = pending,
        .loads = loads,
        .entry = entry,
        .lacks = lacks,
        .menu_without = menu_without,
};

const struct loader loader_grub_debian = {
        .name = "GRUB of Debian",
        .info = GRUB_INFO,
        .shell = true,
        .line_pcrs = GRUB_LINE_PCRS,
        .initrd_pcrs = GRUB_INITRD_PCRS,
        .once = &once,
        .detect = detect,
        .read = read_files,
        .plan = plan,
        .verify = grub_verify,
        .lengths = grub_lengths,
        .lines = grub_lines,
        .kernels = grub_kernels,
};
