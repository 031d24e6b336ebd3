/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The ways a host boots, and the kernel command line in the place each really reads. detect.c gathers by value what
 * lies there. One file for each way, which makes no system call, says what is to be written and whether what lies there
 * has the tokens; write.c writes. table.c lists them; the programs hand that list on.
 */

#include "base/span.h"
#include "loader/probe.h"
#include "plan/needs.h"
#include "state/changes.h"
#include "state/trial.h"

#define BOOT_KERNEL_CMDLINE "/etc/kernel/cmdline"
#define BOOT_INSTALLER      "kernel-install" /* what adds kernels to entries and to unified images */
#define BOOT_EFIVARS        "/sys/firmware/efi/efivars"
#define BOOT_EFI_VENDOR     "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"    /* of systemd's boot loader interface */
#define BOOT_LOADER_INFO    BOOT_EFIVARS "/LoaderInfo" BOOT_EFI_VENDOR /* what booted the host, in its own words */

#define BOOT_PCR(number) (UINT32_C(1) << (number))
#define BOOT_PCRS_ANY    (BOOT_PCR(4) | BOOT_PCR(8) | BOOT_PCR(9) | BOOT_PCR(11) | BOOT_PCR(12))

struct loader;
struct lengths;
struct boot_planner;

/* A file that the boot loader reads, or something that writes for it. */
struct boot_file {
        const char *path;
        const char *text;    /* NULL: not there */
        bool edited;         /* tokens are put into such a file: one that comes later may have them from another */
        const char *release; /* of an entry without a version: the kernel's, as its file tells; or NULL */
        const char *content; /* content.h of one that text was taken out of; NULL: text is all of it */
};

/* A unified kernel image of this system. */
struct boot_uki {
        const char *path;
        const char *release;               /* of its kernel, or NULL: it does not tell */
        const char *line;                  /* that the kernel gets without an addon of ours */
        const char *deaf;                  /* why the kernel gets no addon's line, or NULL */
        const char *mute;                  /* why it gets no addon's initrd, or NULL */
        const char *addon;                 /* ours, whether it is there or not */
        struct pe_section initrd, carried; /* its own, and what it gets of our addon; of none no bytes */
};

/* A copy of such an image that boots without passthrough, where nobody can type that. */
struct boot_spare {
        const char *path, *from; /* NULL: none is needed */
        bool stale;              /* it is not there, or another image than that */
        struct boot_file addon;  /* of the copy */
};

/* What makes an addon to such an image. */
struct boot_signer {
        const char *lacks;                    /* why none can be made here, or NULL */
        const char *key, *certificate, *tool; /* ukify(1) signs with those; NULL: not signed, or its own choice */
};

/* A way to boot that is recognised, and left to people. */
struct by_hand {
        const char *name;
        const char *info;         /* what it calls itself (LoaderInfo), or NULL */
        const char *const *marks; /* files that tell of it, NULL behind the last */
        bool bios;                /* it boots hosts without UEFI, too */
        bool entries;             /* it writes the boot entries of a loader that is known */
        bool last;                /* it counts only where nothing else boots the host */
        const char *parameters;   /* how the kernel gets its parameters there */
        const char *build;        /* what builds a boot image there; NULL: the maker */
};

/* A kernel that the loader may boot, and what it loads with it, as its files name them. */
struct boot_kernel {
        const char *where;     /* the file that says so; of a menu with the entry's title behind it */
        const char *mount;     /* where the file system is that the paths begin at; NULL: not known */
        const char *release;   /* or NULL: it is not said */
        const char *path;      /* of the kernel */
        struct strings beside; /* the images, microcode among them */
        enum known next;       /* it boots if nobody chooses another */
};

struct boot_kernels {
        struct boot_kernel *v;
        size_t n;
        const char *elsewhere; /* what boots if nobody chooses, and is none of these; NULL: it is not known to be so */
};

/* What stages a deployment with another kernel command line, on a host whose files come from an image. */
enum stager {
        STAGER_NONE, /* nothing that can be run here */
        STAGER_BOOTC,
        STAGER_RPM_OSTREE,
};

struct boot_facts {
        const struct loader *loader;   /* NULL: not known */
        const char *found;             /* what tells that it is this one */
        const char *problem;           /* why nothing can be written, or NULL */
        const struct by_hand *by_hand; /* what boots it then, or NULL */
        const char *unreadable;        /* a file that cannot be read: nothing else is then known; or NULL */
        int error;                     /* then: -errno */

        struct strings unmounted;  /* directories that loaders read, whose own file system is not mounted */
        struct boot_file *entries; /* of the Boot Loader Specification, type 1 */
        size_t n_entries;
        struct boot_file off;     /* the entry without passthrough, which is not among them */
        struct strings ukis;      /* unified kernel images */
        struct strings foreign;   /* those of them that have this system's kernel and boot another one */
        struct boot_uki *unified; /* those of them that boot this system */
        struct boot_file *addons; /* ours, of each; text: the line that the kernel gets of it */
        size_t n_unified;
        struct boot_spare spare;
        struct boot_signer signer;
        struct boot_file *files; /* what else is read, in that order */
        size_t n_files;
        struct boot_file menu; /* that a command generates; no path: there is none */
        struct boot_esp *esps; /* partitions that it boots from, and that a program copies to */
        size_t n_esps;

        const char *vendor_cmdline; /* kernel-install's second choice, or NULL */
        const char *cmdline;        /* of the running kernel, or NULL */
        const char *machine_id;     /* or NULL */
        const char *entry_token;    /* kernel-install's, or NULL */
        const char *subvolume;      /* only entries with this root are this system's; NULL: they tell otherwise */
        const char *chosen;         /* the entry that systemd-boot was told to boot by default, or NULL */
        enum stager stager;
        const char *booted; /* the unified image of this boot, as its stub names it, or NULL */
        enum known secure;  /* Secure Boot is on */
};

/* A line that the kernel may get, as far as it shows. */
struct boot_line {
        const char *path; /* where it stands; of GRUB's settings the first of them */
        const char *text;
        bool entry; /* of one boot entry among others */
};

struct boot_lines {
        struct boot_line *v;
        size_t n;
};

struct boot_plan {
        const struct boot_facts *facts;
        struct strings tokens; /* all that are wanted */
        struct changes changes;
        struct strings notes;
        const char *problem;
        const struct boot_spare *spare; /* is to be copied, and one of changes.images; or NULL */
};

/* How the entries stand to the tokens. */
struct boot_verdict {
        size_t n_entries;
        struct strings lacking; /* "FILE: entry TITLE has no TOKEN", or its line is too long */
        struct strings notes;
};

/* What a loader sees of a host that it may boot. */
struct detector {
        struct probe *probe;
        struct boot_facts *facts;
        const char *info;           /* the name that the loader of this boot gives itself (LoaderInfo), or NULL */
        bool no_info;               /* no loader that names itself booted this host */
        enum known efi;             /* the firmware is UEFI */
        const char *directories[3]; /* where kernel-install looks for what it calls $BOOT; no two are the same one */
        size_t n_directories;
};

struct claim {
        const char *what; /* what tells that this loader may boot the host, for people; NULL: it does not */
        bool certain;     /* no other one needs to be asked */
};

/* An entry that is booted once, and no more. */
struct oneshot {
        const char *update;         /* a command, so that the loader sees the entry; NULL: nothing */
        const char *set;            /* so that it boots it once */
        const char *clear;          /* so that it does not; NULL: it does not boot what is not there */
        const char *source;         /* what update makes the entry of, or NULL */
        const char *const *remains; /* files that may be left of it; the last is NULL */

        /* Says why the loader cannot be trusted to boot it once and no more; NULL: it can. */
        const char *(*problem)(const struct boot_facts *facts, struct probe *probe);
        /* Tells whether the loader has yet to boot it. */
        bool (*pending)(struct probe *probe);
        /* Tells whether that kernel's own entry loads that image. */
        bool (*loads)(const struct boot_facts *facts, const char *release, const char *image);
        /*
         * Makes the file of the entry; no path, or no text: there is none that it could be made of. tokens: those of
         * the config and of the trial; owned: those of an earlier apply.
         */
        void (*entry)(const struct boot_facts *facts, struct arena *a, const struct trial *trial, struct strings tokens,
                      const struct owned *owned, struct change *ret);
        /* Says what the loader lacks of it, or NULL; facts: once update has run. May be NULL. */
        const char *(*lacks)(const struct boot_facts *facts, struct arena *a, const struct change *entry,
                             struct strings tokens);
        /* Makes the menu as it was before, or NULL: it has no such entry. May be NULL. */
        char *(*menu_without)(const char *menu, struct arena *a);
};

/* A way to boot. Its functions make no system call: they ask a probe. */
struct loader {
        const char *name;  /* as people call it, behind "boots from" */
        const char *info;  /* LoaderInfo begins with that; NULL: it never names itself */
        const char *image; /* set: the host's files come from an image; why its boot images are not built here */
        const char *build; /* what builds them on the host, image or not, in place of their maker; or NULL */
        /*
         * Set: entries of others may load the same boot image. A new one is built beside it, with this name and a
         * number, and our entries then load that.
         */
        const char *image_name;
        bool unified; /* it boots unified kernel images: kernel, initrd and line in one file */
        bool shell;   /* tokens pass a shell, or GRUB's */
        /*
         * Registers of the TPM that a changed command line, and a changed initrd, leave otherwise: BOOT_PCR() of each
         * (systemd-boot(7), systemd-stub(7), GRUB's manual, "Measured Boot"). None: not known, so it may be any.
         */
        uint32_t line_pcrs, initrd_pcrs;
        const struct oneshot *once; /* NULL: it boots none */
        const char *no_once;        /* why not; NULL: it cannot */
        /*
         * A command to be run behind all else, and again once that is taken back, as it copies kernels and boot images
         * to where the loader reads them, or reads what boots; or NULL.
         */
        const char *copies;
        bool predicts; /* that command tells the TPM what the next boot measures */

        /* Tells whether it boots this host. 0, or -errno of the probe. */
        int (*detect)(struct detector *d, struct claim *ret);
        /* Reads its files, once it is chosen; may set facts->problem. 0, or -errno of the probe. May be NULL. */
        int (*read)(struct detector *d);
        /* Plans what is to be written. False: there is a problem. */
        bool (*plan)(struct boot_planner *p);
        /* Judges whether what lies there has the tokens. */
        void (*verify)(const struct boot_facts *facts, struct strings tokens, struct arena *a,
                       struct boot_verdict *ret);
        /* Measures its lines: the same ones, in the same order, whatever the files say. May be NULL. */
        void (*lengths)(const struct boot_facts *facts, struct arena *a, struct lengths *ret);
        /* Tells its lines: the same ones, in the same order, whatever the files say. NULL: the running kernel's. */
        void (*lines)(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret);
        /* Tells the kernels of this host that it may boot. NULL: their images go by their names alone. */
        void (*kernels)(const struct boot_facts *facts, struct arena *a, struct boot_kernels *ret);
        /* Takes the tokens out of a file; NULL: it does not know how such a file is edited. May be NULL. */
        char *(*without)(struct arena *a, const char *path, const char *text, struct strings tokens);
        /* Tells whether a command of its plans, or what takes that back, would change nothing. May be NULL. */
        bool (*has_run)(const struct boot_facts *facts, struct arena *a, const char *command);
        /* Makes the entry without passthrough; no path: there is no kernel. NULL: this loader keeps none. */
        struct boot_file (*off)(const struct boot_facts *facts, struct arena *a, const struct owned *owned);
};

/* ---- detect.c */
/* loaders: NULL behind the last; the first that is certain is taken. */
void boot_detect(const struct loader *const *loaders, const struct root *root, struct arena *a, struct boot_facts *ret);
/* The same, with copies of boot images read and compared, which takes its time. */
void boot_detect_all(const struct loader *const *loaders, const struct root *root, struct arena *a,
                     struct boot_facts *ret);

/* Why a file with that path is not the one that boots, or NULL. */
const char *boot_unmounted(const struct boot_facts *facts, struct arena *a, const char *path);

/* ---- boot-plan.c */
void boot_plan_build(const struct boot_facts *facts, const struct needs *needs, const struct owned *owned,
                     struct arena *a, struct boot_plan *ret);

/* Nothing is written, for that reason. */
void boot_plan_refuse(struct boot_plan *plan, const char *problem);

/* ---- loader.c */
const char *boot_name(const struct boot_facts *facts);
void boot_verify(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *ret);
/* Lines with a trial's tokens, though none of a trial: such a boot would be taken back. */
void boot_trial_lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret);
/* Adds a sentence for each of them. */
void boot_trial_problems(const struct boot_facts *facts, struct arena *a, struct strings *problems);
/* The same where nothing can be seen of the next boot: what the running kernel was given. */
void boot_verify_running(const struct boot_facts *facts, struct strings tokens, struct arena *a,
                         struct boot_verdict *ret);
/* The facts as they are once the plan is carried out: its changes of files that are read. */
struct boot_facts boot_as_planned(const struct boot_plan *plan, struct arena *a);
/* The lines that the kernel may get. */
void boot_lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret);
/* "FILE:LINE" of a token of a line, as far as that shows; else the file alone. */
const char *boot_where(const struct boot_facts *facts, struct arena *a, const struct boot_line *line,
                       const char *token);
/* The text of one of facts->files, or NULL. */
const char *boot_text(const struct boot_facts *facts, const char *path);
/* The kernels that it may boot; false: this loader does not tell. */
bool boot_kernels(const struct boot_facts *facts, struct arena *a, struct boot_kernels *ret);
/* Reads one more into facts->files. 0 or -errno. */
int boot_read(struct detector *d, const char *path, bool edited) _must_check_;

/* ---- by-hand.c */
/*
 * What boots this host, or writes its entries, and is left to people; *ret_mark tells of it. NULL: nothing is found.
 * other: there is a loader that may boot it.
 */
const struct by_hand *by_hand_find(const struct detector *d, bool other, const char **ret_mark);

const struct by_hand *by_hand_named(const char *name);

/* ---- oneshot.c */
const char *oneshot_problem(const struct boot_facts *facts, const struct root *root, struct arena *a);
/* The loader that has yet to boot the trial, or NULL: this host's own, or where that has no trials any. */
const struct oneshot *oneshot_pending(const struct loader *const *loaders, const struct boot_facts *facts,
                                      const struct root *root, struct arena *a);
