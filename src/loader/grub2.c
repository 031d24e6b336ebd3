/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB, as Fedora and RHEL had it: /etc/default/grub and grub2-mkconfig. */
#include "base/str.h"
#include "loader/grub.h"

#define MENU "/boot/grub2/grub.cfg"

static int detect(struct detector *d, struct claim *ret)
{
        if (grub_may_boot(d))
                ret->what = GRUB_MENU;
        return 0;
}

/* Where GRUB is started from the EFI partition it may read its menu there, or (a stub) be sent to /boot/grub2. */
static int find_menu(struct detector *d)
{
        struct boot_facts *f = d->facts;
        struct probe *p = d->probe;
        struct boot_file there = {};
        size_t n, generated = 0;
        const char **names;
        int k = p->list(p, GRUB_ON_ESP, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                struct boot_file menu = {.path = arena_join(p->arena, GRUB_ON_ESP "/", names[i], "/grub.cfg", NULL)};

                k = p->text(p, menu.path, &menu.text);
                if (k == 0 && menu.text && strstr(menu.text, "### BEGIN /etc/grub.d/")) {
                        there = menu;
                        generated++;
                }
        }
        f->menu.path = MENU;
        if (k == 0)
                k = p->text(p, MENU, &f->menu.text);
        if (k < 0 || generated == 0 || d->efi == KNOWN_NO)
                return k;
        if (generated > 1)
                f->problem = "there is more than one menu of GRUB below " GRUB_ON_ESP
                             ", and the one that is read is unknown";
        else if (d->efi == NOT_KNOWN && f->menu.text)
                f->problem = "GRUB has a menu for BIOS (" MENU ") and one for UEFI below " GRUB_ON_ESP
                             "; /sys/firmware/efi would tell which is read, and does not show";
        f->menu = there;
        return 0;
}

static int read_files(struct detector *d)
{
        struct boot_facts *f = d->facts;
        int k = grub_read_settings(d);

        if (k < 0 || !grub_has_settings(f))
                return k;
        k = find_menu(d);
        if (k < 0 || f->problem)
                return k;
        if (!f->menu.text)
                f->problem = "there is a /boot/grub/grub.cfg and neither update-grub, as Debian has it, nor "
                             "/boot/grub2, as Fedora has it";
        f->found = arena_join(d->probe->arena, f->menu.path, ", made by grub2-mkconfig", NULL);
        return 0;
}

static bool plan(struct boot_planner *p)
{
        if (!grub_plan_settings(p))
                return false;
        boot_plan_command(p, arena_join(p->arena, "/usr/sbin/grub2-mkconfig -o ", p->facts->menu.path, NULL));
        return true;
}

static char *without(struct arena *a, const char *path, const char *text, struct strings tokens)
{
        return streq(path, GRUB_SETTINGS) ? grub_settings_without(a, text, tokens) : NULL;
}

const struct loader loader_grub2 = {
        .name = "GRUB of Fedora and RHEL",
        .info = GRUB_INFO,
        .shell = true,
        .line_pcrs = GRUB_LINE_PCRS,
        .initrd_pcrs = GRUB_INITRD_PCRS,
        .detect = detect,
        .read = read_files,
        .plan = plan,
        .verify = grub_verify,
        .lengths = grub_lengths,
        .lines = grub_lines,
        .kernels = grub_kernels,
        .without = without,
};
