/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel command line in the place this host really boots from. detect.c gathers by value what lies there; plan.c
 * and verify.c, which are pure, say what is to be written and whether what lies there has the tokens; act.c writes.
 */

#include "base/root.h"
#include "base/span.h"
#include "plan/needs.h"

#define BOOT_DROPIN         "/etc/default/grub.d/passthrough.cfg"
#define BOOT_DEFAULT_GRUB   "/etc/default/grub"
#define BOOT_KERNEL_CMDLINE "/etc/kernel/cmdline"
#define BOOT_GRUBENV        "/boot/grub2/grubenv"
#define BOOT_EFIVARS        "/sys/firmware/efi/efivars"
#define BOOT_EFI_VENDOR     "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f" /* of systemd's boot loader interface */

/* Where kernel-install looks for what it calls $BOOT; one may be a link to another. */
#define BOOT_N_DIRECTORIES 3
extern const char *const boot_directories[BOOT_N_DIRECTORIES];

enum boot_path {
        BOOT_UNKNOWN,
        BOOT_IMAGE,       /* the root file system is an image: bootc, ostree, or read-only */
        BOOT_UKI,         /* kernel, initrd and command line are one signed file */
        BOOT_DEBIAN_GRUB, /* grub.d and update-grub */
        BOOT_GRUB2,       /* /etc/default/grub and grub2-mkconfig */
        BOOT_GRUB2_BLS,   /* GRUB that reads /boot/loader/entries */
        BOOT_ENTRIES,     /* systemd-boot, with entries that kernel-install makes */
        BOOT_PATH_MAX_,
};
extern const char *const boot_path_names[BOOT_PATH_MAX_];

struct boot_file {
        const char *path;
        const char *text; /* NULL: not there */
};

struct boot_facts {
        enum boot_path path;
        const char *found;         /* what tells that it is this one */
        const char *problem;       /* why nothing can be written, or NULL */
        struct boot_file *entries; /* of the Boot Loader Specification, type 1 */
        size_t n_entries;
        struct boot_file off; /* the one without passthrough, which is not among them */
        const char **ukis;    /* unified kernel images */
        size_t n_ukis;
        struct boot_file *defaults; /* of grub-mkconfig, in the order it reads them; ours is not among them */
        size_t n_defaults;
        struct boot_file dropin, grub_cfg, grubenv;
        struct boot_file kernel_cmdline; /* of kernel-install */
        const char *vendor_cmdline;      /* its second choice, or NULL */
        const char *cmdline;             /* of the running kernel, or NULL */
        const char *machine_id;          /* or NULL */
        const char *entry_token;         /* kernel-install's, or NULL */
};

/* Tokens that an earlier apply has put into a file, or, where path is NULL, into any that was not there then. */
struct boot_added {
        const char *path, *token;
};

struct boot_owned {
        struct boot_added *added;
        size_t n_added;
        const char **seen; /* files that were there when something was applied */
        size_t n_seen;
};

struct boot_op {
        const char *path;
        const char *old, *new; /* NULL: not there */
        const char **added;    /* tokens that new has and old has not */
        size_t n_added;
};

struct boot_plan {
        const struct boot_facts *facts;
        const char **tokens; /* all that are wanted */
        size_t n_tokens;
        struct boot_op *ops;
        size_t n_ops;
        const char *command;   /* to be run behind them, as people would type it; or NULL */
        const char *generated; /* the file that the command writes, or NULL */
        const char **images;   /* boot images that are to be built anew; for who builds them to fill in */
        size_t n_images;
        const char **notes;
        size_t n_notes;
        const char *problem;
};

/* Whether the entries have the tokens. */
struct boot_verdict {
        size_t n_entries;
        const char **lacking; /* "FILE: entry TITLE has no TOKEN", or its line is too long */
        size_t n_lacking;
        const char **notes;
        size_t n_notes;
};

/* 0 or -errno where something that is there cannot be read; *ret_what is then its name. */
int boot_detect(const struct root *root, struct arena *a, struct boot_facts *ret, const char **ret_what) _must_check_;
int boot_plan_build(const struct boot_facts *facts, const struct needs *needs, const struct boot_owned *owned,
                    struct arena *a, struct boot_plan *ret) _must_check_;
int boot_verify(const struct boot_facts *facts, const char *const *tokens, size_t n_tokens, struct arena *a,
                struct boot_verdict *ret) _must_check_;

/* ---- length.c: what the kernel takes ------------------------------------------------------------------------------
 */

enum line_fit {
        LINE_FITS,
        LINE_NEARLY_TOO_LONG,
        LINE_TOO_LONG,
};

enum line_fit line_fits(size_t length);
const char *line_too_long(struct arena *a, const char *what, size_t length);
const char *line_nearly_too_long(struct arena *a, const char *what, size_t length);
/* The plan's problem where a line would be too long. */
void boot_plan_lengths(struct boot_plan *plan, struct arena *a);

/* ---- entry.c: entries, and the files that kernel-install and GRUB keep beside them ----------------------------------
 */

/* Whether the entry boots this installation, as far as can be told. */
bool entry_is_ours(const struct boot_facts *facts, const struct boot_file *entry);
/* Whether it boots that kernel. */
bool entry_is_of(const struct boot_file *entry, const char *release);
/* The first word behind a key, the n-th of them. */
bool entry_value(const char *text, const char *key, size_t n, struct span *ret);
bool entry_has(const struct boot_facts *facts, const struct boot_file *entry, const char *token);
/* Of the line that the kernel gets, with what the boot loader adds to it. */
size_t entry_length(const struct boot_facts *facts, const struct boot_file *entry);
bool entry_uses_grubenv(const struct boot_file *entry);
bool entry_root(const struct boot_file *entry, struct span *ret);
char *entry_edit(struct arena *a, const char *text, const char *const *add, size_t n_add, const char *const *drop,
                 size_t n_drop);
bool grubenv_line(const char *text, struct span *ret);
/* NULL with *ret_full where the block has no room for them. */
char *grubenv_edit(struct arena *a, const char *text, const char *const *add, size_t n_add, const char *const *drop,
                   size_t n_drop, bool *ret_full);

/* ---- grub.c: what grub-mkconfig reads and writes
 * --------------------------------------------------------------------- */

/* Where a token stands among the settings: GRUB_CMDLINE_LINUX, or the variable of normal entries alone. */
enum grub_place {
        GRUB_NOWHERE,
        GRUB_EVERY_ENTRY,
        GRUB_NORMAL_ENTRIES,
};

int grub_place(const struct boot_facts *facts, struct arena *a, const char *token, enum grub_place *ret) _must_check_;
/* Of what the settings put on a line, as far as their text tells; less than that it cannot be. */
void grub_settings_length(const struct boot_facts *facts, struct arena *a, size_t *ret);
/* Whether the last GRUB_ENABLE_BLSCFG= says true. */
bool grub_uses_entries(const char *text);
char *grub_dropin(struct arena *a, const char *const *tokens, size_t n);
bool grub_dropin_is_ours(const char *text);
/* GRUB_CMDLINE_LINUX= edited in place. NULL with *ret_line where that line cannot be edited safely. */
char *grub_edit(struct arena *a, const char *text, const char *const *add, size_t n_add, const char *const *drop,
                size_t n_drop, unsigned *ret_line);
/* Whether neither the shell nor GRUB makes anything else of it. */
bool grub_token_is_plain(const char *token);
int grub_verify(const struct boot_facts *facts, const char *const *tokens, size_t n_tokens, struct arena *a,
                struct boot_verdict *v) _must_check_;
