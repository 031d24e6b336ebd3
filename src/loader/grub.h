/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What grub-mkconfig reads and writes. Debian reads /etc/default/grub, then grub.d/...cfg by name (grub-mkconfig.in
 * there); 10_linux puts GRUB_CMDLINE_LINUX into every entry, and ..._DEFAULT behind it into those that are not for
 * recovery.
 */

#include "loader/boot-plan.h"

#define GRUB_INFO     "GRUB"
#define GRUB_MENU     "GRUB's menu" /* what it goes by: struct claim */
#define GRUB_SETTINGS "/etc/default/grub"
#define GRUB_DROPIN   "/etc/default/grub.d/passthrough.cfg"
#define GRUB_ON_ESP   "/boot/efi/EFI"

/* It measures each command into the one, each file that it reads, its menu too, into the other. */
#define GRUB_LINE_PCRS   (BOOT_PCR(8) | BOOT_PCR(9))
#define GRUB_INITRD_PCRS BOOT_PCR(9)

/* True if there is a menu of any GRUB. */
bool grub_has_menu(struct probe *probe);
/* True if that may boot this host. */
bool grub_may_boot(struct detector *d);
bool grub_is_debian(const struct probe *probe);
/* The settings, into d->facts. 0 or -errno. */
int grub_read_settings(struct detector *d) _must_check_;
/* The same with the drop-in, which only Debian's reads. */
int grub_read_debian(struct detector *d) _must_check_;
/* facts->problem, where /etc/default/grub is missing. */
bool grub_has_settings(struct boot_facts *facts);

/* The wanted tokens that the host's own settings have not. */
struct strings grub_missing(struct boot_planner *p);
/* A drop-in that adds them. */
bool grub_plan_dropin(struct boot_planner *p);
/* GRUB_CMDLINE_LINUX= in /etc/default/grub, edited in place. */
bool grub_plan_settings(struct boot_planner *p);
char *grub_settings_without(struct arena *a, const char *text, struct strings tokens);
/* What the settings and Debian's drop-in put on a line, as far as their text tells; less than that it cannot be. */
void grub_lengths(const struct boot_facts *facts, struct arena *a, struct lengths *ret);
/* The line that they make, as far as their text tells. */
void grub_lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret);
/* A path of the menu, as a text, without the quotes that it may stand in. */
const char *grub_path(struct arena *a, struct span word);
/* The kernels of the menu's entries. */
void grub_kernels(const struct boot_facts *facts, struct arena *a, struct boot_kernels *ret);
/* GRUB_DEFAULT, "0" where it is not set; NULL: the shell makes it. */
const char *grub_default(const struct boot_facts *facts, struct arena *a);
/* True if the last NAME= of settings, which are shell, has that value. */
bool grub_setting_is(const char *text, const char *name, const char *wanted);
/* True if the last GRUB_ENABLE_BLSCFG= says true. */
bool grub_uses_entries(const char *text);
/* Judges the menu's entries. */
void grub_verify(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *ret);

/* ---- grub-once.c: block is the environment block */
/* Why GRUB may not forget what it is to boot once, or NULL; menu: its text, or NULL. */
const char *grub_once_problem(struct probe *p, const char *menu, const char *block);
/* True if it has yet to boot that entry. */
bool grub_once_pending(struct probe *p, const char *block, const char *entry);
