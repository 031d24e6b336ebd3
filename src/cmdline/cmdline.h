/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A kernel command line as its readers take it, each in its own way: the kernel (lib/cmdline.c, next_arg()), the
 * modules' own parsers, kmod (libkmod-config.c), dracut (dracut-lib.sh, getarg) and systemd (systemd(1)). Pure: what is
 * known of the machine comes in, findings go out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* COMMAND_LINE_SIZE of x86 and arm64, its final NUL included. */
#define CMDLINE_SIZE 2048

enum cmdline_reader {
        READER_KERNEL,
        READER_MODULE, /* a module's parameter, by the kernel where it is built in, else by kmod */
        READER_KMOD,
        READER_DRACUT,
        READER_SYSTEMD,
        READER_PASSTHROUGH,
        READER_MAX_,
};
extern const char *const reader_names[READER_MAX_];

enum severity {
        SEVERITY_ERROR,   /* it defeats what it is for, or the handing over of devices */
        SEVERITY_WARNING, /* it does not do what it seems to */
        SEVERITY_INFO,    /* what it does */
        SEVERITY_MAX_,
};
extern const char *const severity_names[SEVERITY_MAX_];

/* What an error does to the host. */
enum harm {
        HARM_NONE,     /* it is no error */
        HARM_ITSELF,   /* the token does not do what it is for */
        HARM_HANDOVER, /* nothing can be handed over */
        HARM_IOMMU,    /* likewise, for want of an IOMMU or of remapped interrupts */
        HARM_ANSWER,   /* the host comes up and answers nobody */
        HARM_BOOT,     /* it does not boot: never said of what the kernel that runs was booted with */
};

struct finding {
        const char *token; /* as written */
        enum cmdline_reader reader;
        enum severity severity;
        enum harm harm;
        const char *message;
        const char *fix; /* what would be right, or "" */
};

struct findings {
        struct finding *v; /* in the order of the line */
        size_t n, n_errors, n_warnings;
        const char *right; /* the line as it is right to write; NULL: as it is, or it is not known */
};

/* What the kernel is for: which parameters and tables there are goes by it. */
enum cpu_arch {
        ARCH_UNKNOWN,
        ARCH_X86,
        ARCH_ARM64,
        ARCH_POWER,
        ARCH_RISCV,
        ARCH_OTHER,
        ARCH_MAX_,
};
extern const char *const arch_names[ARCH_MAX_];

enum cpu_vendor {
        CPU_UNKNOWN,
        CPU_INTEL,
        CPU_AMD,
        CPU_OTHER,
};

enum known {
        NOT_KNOWN,
        KNOWN_NO,
        KNOWN_YES,
};

/* Why a machine cannot do without a module. */
enum vital {
        VITAL_SOME,     /* some of the host's disks are behind it, or one of several keyboards */
        VITAL_HANDOVER, /* nothing is handed over without */
        VITAL_UPLINK,   /* what the host answers on is behind it */
        VITAL_KEYBOARD, /* all keyboards are behind it, and somebody has to type a passphrase */
        VITAL_BOOT,     /* what the host boots from is behind it */
};

struct cmdline_module {
        const char *name; /* with '_' */
        enum vital vital;
        const char *what; /* is behind it: "nvme0n1 (/)" */
        bool by_name;     /* it is loaded for another module or by its name, whatever is said of its aliases */
        const char *of;   /* then: for that module, or NULL */
};

/* A disk, a partition or a pool, by all names that root= may have for it. */
struct cmdline_disk {
        const char **names; /* "/dev/sda1", "UUID=...", "8:1"; the first is what people call it */
        size_t n_names;
        bool root;  /* the root file system is on it, and may be called by it */
        bool below; /* the root stands on it */
};

/* A program that init= may name. */
struct cmdline_program {
        const char *path;
        enum known there;
};

/* What the line is judged for. All zero: any machine. */
struct cmdline_machine {
        enum cpu_arch arch;
        enum cpu_vendor vendor; /* CPU_OTHER of every architecture but x86 */
        enum known remapping;   /* interrupt remapping is at work */
        enum known groups;      /* functions are in IOMMU groups */
        bool unsafe_interrupts; /* they are allowed elsewhere than on the line */
        const char *igpu;       /* the graphics that Intel's processor has of its own, or NULL */
        bool igpu_wanted;       /* a rule is to hand them over */
        const char *booted;     /* the line of the kernel that runs, or NULL */
        uint64_t memory;        /* bytes; 0: not known */
        struct cmdline_module *modules;
        size_t n_modules;
        struct cmdline_disk *disks; /* none: where the root is does not show */
        size_t n_disks;
        struct cmdline_program *programs; /* those that were looked for */
        size_t n_programs;
};

/* A token as the kernel splits the line: value is NULL where there is no "=". */
struct token {
        const char *text; /* as written, quotes and all */
        const char *name, *value;
        size_t at; /* offset in the line */
        bool late; /* behind "--": the kernel hands it to init */
};

/* The kernel's tokens. *unclosed is set where a quote is not closed. */
void cmdline_split(struct arena *a, const char *line, struct token **ret, size_t *ret_n, bool *unclosed);

/* '-' and '_' are one, as in the kernel's parameq(). */
bool cmdline_name_is(const char *name, const char *known);

/* The last token of that name, or NULL; behind "--" too, for those who do not stop there. */
const struct token *cmdline_last(const struct token *tokens, size_t n, const char *name);

/* What the kernel takes for yes or no; -EINVAL for anything else. */
int cmdline_bool(const char *s, bool *ret) _must_check_;

void cmdline_judge(const char *line, const struct cmdline_machine *machine, struct arena *a, struct findings *ret);

/* Whether the kernel that runs was booted with that very token; late: behind "--". */
bool cmdline_was_booted_with(const struct cmdline_machine *machine, struct arena *a, const char *token, bool late);

/*
 * Whether apply refuses a line for that finding. added: apply adds the token, or passthrough.conf has it; handover: a
 * rule hands something over. A token with which the host does not boot or does not answer is refused wherever it
 * stands, one with which nothing can be handed over where something is to be, one that does nothing where it is added;
 * a kernel that runs with it disproves that the host does not boot, and IOMMU groups beside it that there is no IOMMU.
 */
bool cmdline_refuses(const struct finding *f, const struct cmdline_machine *machine, struct arena *a, bool added,
                     bool handover);
