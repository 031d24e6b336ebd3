/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keeps drivers away or brings them in, whoever reads it; and our own switches. */
#include "base/str.h"
#include "cmdline/judge.h"

/* Without these nothing is handed over. */
static const char *const needed[] = {
        "vfio", "vfio_pci", "vfio_pci_core", "vfio_iommu_type1", "vfio_iommu_spapr_tce", "vfio_virqfd", "iommufd"};

static bool is_needed(const char *module)
{
        for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
                if (cmdline_name_is(module, needed[i]))
                        return true;
        return false;
}

/*
 * The list as its reader has it. kmod takes the value with its quotes, one in front of the whole token included
 * (libkmod-config.c, kmod_config_parse_kcmdline()); dracut takes them away as the kernel does, and its scripts split at
 * blanks as well (src/util/util.c, parse-kernel.sh).
 */
static char *module_list(struct judge *j, const struct token *t, enum cmdline_reader reader)
{
        const char *raw = reader == READER_KMOD ? strchr(t->text, '=') : NULL;
        char *list = raw ? arena_join(j->arena, *t->text == '"' ? "\"" : "", raw + 1, NULL)
                         : arena_strdup(j->arena, t->value);

        for (char *c = list; list && reader == READER_DRACUT && *c; c++)
                *c = strchr(" \t\n", *c) ? ',' : *c;
        return list;
}

static bool drives(const struct cmdline_module *m, const char *name, enum cmdline_reader reader)
{
        /* What has an alias is loaded by that, and by its name all the same (modprobe.d(5), blacklist). */
        if (!cmdline_name_is(name, m->name) || (m->by_name && reader != READER_KERNEL))
                return false;
        /* The host's own udev comes behind dracut's. */
        return reader != READER_DRACUT || m->vital == VITAL_BOOT || m->vital == VITAL_KEYBOARD;
}

/* What the host, or the handing over, loses without that module; false: nothing that is known. */
static bool judge_vital(struct judge *j, const struct token *t, enum cmdline_reader reader, const char *name)
{
        static const char *const loses[] = {
                [VITAL_SOME] = "may be left without it",
                [VITAL_HANDOVER] = "nothing can be handed over without it",
                [VITAL_UPLINK] = "the host answers nobody without it",
                [VITAL_KEYBOARD] = "a passphrase cannot be typed without it",
                [VITAL_BOOT] = "the host does not boot without it",
        };
        const struct cmdline_module *found = NULL;
        const char *of;

        for (size_t i = 0; i < j->machine->n_modules; i++) {
                const struct cmdline_module *m = &j->machine->modules[i];

                if (drives(m, name, reader) && (!found || m->vital > found->vital))
                        found = m;
        }
        if (!found ||
            (found->vital != VITAL_HANDOVER && cmdline_was_booted_with(j->machine, j->arena, t->text, t->late)))
                return false;
        of = found->of ? arena_join(j->arena, " by way of ", found->of, NULL) : "";
        finding_add(j, t, reader, found->vital == VITAL_SOME ? SEVERITY_WARNING : SEVERITY_ERROR,
                    arena_printf(j->arena, "the line without %s", name), "%s drives %s%s: %s", name, found->what, of,
                    loses[found->vital]);
        finding_harms(j, found->vital == VITAL_HANDOVER ? HARM_HANDOVER : HARM_BOOT);
        return true;
}

/* A comma list of modules, of which who reads it compares names as they are written, or takes '-' for '_'. */
static void modules(struct judge *j, const struct token *t, enum cmdline_reader reader, bool exact, const char *effect)
{
        char *list, *name;
        const char *all = "";

        if (!t->value || t->value[strspn(t->value, ",")] == '\0')
                return finding_add(j, t, reader, SEVERITY_WARNING, "", "names no module");
        list = module_list(j, t, reader);
        while ((name = strsep(&list, ","))) {
                bool dashes = strchr(name, '-') != NULL;
                char *right = arena_strdup(j->arena, name);

                for (char *c = right; *c; c++)
                        *c = *c == '-' ? '_' : *c;
                if (!*name)
                        continue;
                if (strpbrk(name, " \t\"'"))
                        finding_add(
                                j, t, reader, SEVERITY_WARNING, "no quotes and no blanks",
                                "\"%s\" is not a module's name: this reader takes quotes and blanks for a part of it",
                                name);
                else if (exact && dashes)
                        finding_add(j, t, reader, SEVERITY_WARNING, right,
                                    "\"%s\" matches no module: names are compared as they are, and have underscores",
                                    name);
                else if (is_needed(name)) {
                        finding_add(j, t, reader, SEVERITY_ERROR, "remove it",
                                    "%s: without that module nothing can be handed over", name);
                        finding_harms(j, HARM_HANDOVER);
                } else if (!judge_vital(j, t, reader, name))
                        all = arena_join(j->arena, all, *all ? ", " : "", name, NULL);
        }
        if (*all)
                finding_add(j, t, reader, SEVERITY_INFO, "", "%s: %s", all, effect);
}

void judge_module_blacklist(struct judge *j, const struct token *t)
{
        return modules(j, t, READER_KERNEL, true,
                       "the kernel loads it for no device at all; to hand a device over, a rule is enough");
}

void judge_modprobe_blacklist(struct judge *j, const struct token *t)
{
        return modules(j, t, READER_KMOD, true,
                       "not loaded for devices by itself, but still by name and as a dependency; to hand a device "
                       "over, a rule is enough");
}

void judge_rd_blacklist(struct judge *j, const struct token *t)
{
        return modules(j, t, READER_DRACUT, false,
                       "not loaded for devices in the initrd; the host's own udev still loads it");
}

void judge_old_blacklist(struct judge *j, const struct token *t)
{
        finding_add(j, t, READER_DRACUT, SEVERITY_WARNING,
                    "rd.driver.blacklist=", "read only by dracut before 104, and by nobody else");
        judge_rd_blacklist(j, t);
}

void judge_rd_load(struct judge *j, const struct token *t)
{
        return finding_add(j, t, READER_DRACUT, SEVERITY_INFO, "",
                           "loaded in the initrd; that alone hands no device over");
}

void judge_old_load(struct judge *j, const struct token *t)
{
        return finding_add(j, t, READER_DRACUT, SEVERITY_WARNING,
                           "rd.driver.pre=", "read only by dracut before 104, and by nobody else");
}

void judge_initcall_blacklist(struct judge *j, const struct token *t)
{
        if (t->value && strstr(t->value, "sysfb_init"))
                return finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "",
                                   "the firmware's screen gets no driver: no console on it until a native one loads");
        return finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "", "these parts of the kernel are not started");
}

void judge_nomodeset(struct judge *j, const struct token *t)
{
        return finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "",
                           "graphics drivers load and drive no screen, on every card of the host; to hand one over, a "
                           "rule is enough");
}

/* drivers/video/fbdev/core/fb_cmdline.c: what is in front of the first ":" is the driver, and the rest is its own. */
void judge_video(struct judge *j, const struct token *t)
{
        static const char *const drivers[] = {"efifb", "vesafb", "simplefb"};
        const char *comma = t->value ? strchr(t->value, ',') : NULL, *right = "";
        size_t n = t->value ? strcspn(t->value, ":") : 0;

        if (!t->value || str_index(arena_strndup(j->arena, t->value, n), drivers, ARRAY_SIZE(drivers)) < 0 ||
            !startswith(t->value + n, ":off"))
                return;
        if (comma && strstr(comma, ":off")) {
                char *list = arena_strdup(j->arena, t->value), *item;

                while ((item = strsep(&list, ",")))
                        right = arena_join(j->arena, right, *right ? " " : "", "video=", item, NULL);
                finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, right,
                            "the kernel reads only the first driver of such a list");
                finding_right(j, t, right);
        }
        finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "",
                    "keeps %.*s away, not simpledrm, which newer kernels have instead; to take the card the firmware "
                    "booted on, a rule has AllowBootDisplay=",
                    (int)n, t->value);
}

void judge_passthrough(struct judge *j, const struct token *t)
{
        const struct token *last = cmdline_last(j->tokens, j->n_tokens, "passthrough");
        bool on;

        if (last && last != t)
                return finding_add(j, t, READER_PASSTHROUGH, SEVERITY_WARNING, "", "the later %s has the last word",
                                   last->text);
        if (!t->value || (str_to_bool(t->value, &on) && on))
                return finding_add(j, t, READER_PASSTHROUGH, SEVERITY_INFO, "", "the same as without it");
        if (str_to_bool(t->value, &on))
                return finding_add(j, t, READER_PASSTHROUGH, SEVERITY_WARNING, "",
                                   "no rule is carried out in this boot");
        return finding_add(j, t, READER_PASSTHROUGH, SEVERITY_WARNING, "passthrough=off",
                           "\"%s\" is neither on nor off and counts as off: no rule is carried out in this boot",
                           t->value);
}

void judge_passthrough_skip(struct judge *j, const struct token *t)
{
        if (!t->value || t->value[strspn(t->value, ",")] == '\0')
                return finding_add(j, t, READER_PASSTHROUGH, SEVERITY_WARNING, "passthrough.skip=RULE",
                                   "names no rule");
        return finding_add(j, t, READER_PASSTHROUGH, SEVERITY_WARNING, "",
                           "these rules are not carried out in this boot");
}

void judge_passthrough_trial(struct judge *j, const struct token *t)
{
        const char *colon = t->value ? strchr(t->value, ':') : NULL;
        uint32_t seconds;

        if (!colon || !str_to_u32(colon + 1, 10, &seconds) || seconds == 0)
                return finding_add(j, t, READER_PASSTHROUGH, SEVERITY_WARNING, "",
                                   "\"%s\" is not ID:SECONDS, so nothing takes this boot back; only passthroughctl "
                                   "apply writes this token",
                                   t->value ? t->value : "");
        return finding_add(j, t, READER_PASSTHROUGH, SEVERITY_INFO, "",
                           "a trial that passthroughctl apply made: taken back unless it is kept");
}

void judge_kdump(struct judge *j, const struct token *t)
{
        return finding_add(j, t, READER_PASSTHROUGH, SEVERITY_INFO, "",
                           "a kdump kernel: no rule is carried out in this boot");
}
