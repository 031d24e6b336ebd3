/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Entries of the Boot Loader Specification, type 1
 * (https://uapi-group.org/specifications/specs/boot_loader_specification): lines of a key and a value, of which
 * "options" may come several times.
 */

#include "loader/boot-plan.h"

#define SD_BOOT_INFO "systemd-boot" /* as GRUB_INFO, of the loader that the entries were made for */

/* Names that loaders sort behind all others, so that none of them is ever booted by default. */
#define ENTRY_TRIAL "0-passthrough-trial.conf"
#define ENTRY_OFF   "0-passthrough-off.conf"

/* Red Hat's GRUB of a while has "options $kernelopts" in entries, and that variable in its environment block. */
#define ENTRY_GRUBENV "/boot/grub2/grubenv"

/* True if the entry boots this installation, as far as can be told. */
bool entry_is_ours(const struct boot_facts *facts, const struct boot_file *entry);
/* False if loaders order it in a way of their own, or change its name as they count its boots. */
bool entry_is_plain(const struct boot_file *entry);
/* True if it boots that kernel. */
bool entry_is_of(const struct boot_file *entry, const char *release);
/* The first word behind a key, the n-th of them. */
bool entry_value(const char *text, const char *key, size_t n, struct span *ret);
/* Where the file system is mounted that the entry is on, and its paths begin at. */
const char *entry_mount(struct arena *a, const struct boot_file *entry);
bool entry_root(const struct boot_file *entry, struct span *ret);
bool entry_uses_grubenv(const struct boot_file *entry);
bool entry_has(const struct boot_facts *facts, const struct boot_file *entry, const char *token);
/* A line without a trial's own tokens. */
char *entry_line_without_trial(struct arena *a, struct span line);
/* Its text without a trial's own tokens. */
const char *entry_without_trial(struct arena *a, const char *text);
/* The value of kernelopts in the environment block. */
bool entry_grubenv(const char *text, struct span *ret);
/* Judges one of ours. */
void entry_verify(const struct boot_facts *facts, const struct boot_file *entry, struct strings tokens, struct arena *a,
                  struct boot_verdict *ret);
char *entry_edit(struct arena *a, const char *text, struct strings add, struct strings drop);

/* What the loader puts in front of the line, for each value of a key. */
struct entry_front {
        const char *key, *text;
};

/* The length of the line that the kernel gets. */
size_t entry_length(const struct boot_facts *facts, const struct boot_file *entry, struct entry_front front);

/* ---- all of them: parts of struct loader */
/* Ours; says which others there are. */
bool entry_plan_all(struct boot_planner *p);
bool entry_plan_ours(struct boot_planner *p);
void entry_verify_all(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *ret);
void entry_lengths(const struct boot_facts *facts, struct arena *a, struct entry_front front, struct lengths *ret);
void entry_kernels(const struct boot_facts *facts, struct arena *a, struct boot_kernels *ret);
/*
 * Tells which of those kernels boots if nobody chooses: the newest entry that the pattern matches, or of all, by
 * systemd-boot's order (UAPI.10, sorting) or by the file's name alone.
 */
void entry_mark_next(const struct boot_facts *facts, struct arena *a, struct boot_kernels *kernels, const char *pattern,
                     bool by_key);
void entry_lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret);
