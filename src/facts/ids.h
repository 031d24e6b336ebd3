/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * ids= of vfio-pci and pci-stub: once such a driver is there, it gives itself every device of those IDs that has no
 * driver yet (vfio_pci_fill_ids(), pci_stub_init()). Our own load leaves them out, see driver_options(). So it matters
 * who else has the driver there, before native drivers have their devices.
 */

#include <stdbool.h>

#include "base/root.h"

#define IDS_CMDLINE "/proc/cmdline"

struct ids_line {
        const char *driver; /* "vfio-pci" or "pci-stub" */
        bool cmdline;       /* a token of the kernel command line; else a line of modprobe.d */
        const char *file;   /* it stands in */
        const char *text;   /* as written */
        const char *value;  /* of ids= */
        bool image;         /* it goes into boot images alone */
        bool last;          /* of the options of modprobe.d the one that counts; the kernel takes no other */
};

/* What loads such a driver, or may: a line or token that names it. */
struct ids_loader {
        const char *driver;
        const char *file;
        const char *text; /* NULL: the file cannot be read */
};

/* What the kernels of this host have of a driver. */
struct ids_driver {
        const char *name;
        const char *builtin; /* a release that has it built in, and so reads the command line itself; or NULL */
        bool module;         /* some release has it as a module */
        bool unknown;        /* what the one that runs has is not known */
};

#define IDS_DRIVERS 2

struct ids {
        struct ids_line *lines;
        size_t n_lines;
        struct ids_loader *loaders; /* the first that was found of each driver */
        size_t n_loaders;
        struct ids_driver drivers[IDS_DRIVERS];
};

/* Files of a program that makes boot images. */
struct ids_settings {
        const char *const *files, *const *dirs; /* these, and *.conf of those; NULL behind the last of each */
        enum ids_form {
                IDS_MODULES,   /* a module a line, which an initrd loads first */
                IDS_ARGUMENTS, /* a command line, but for kernel and modules */
                IDS_SHELL,     /* a shell's, with the variables below */
                IDS_SCRIPTS,   /* of the directories all files: scripts, see facts/boot-scripts.h */
        } form;
        const char *modules;   /* of modules that an initrd loads first */
        const char *arguments; /* of such a command line, or NULL */
        const char *early;     /* of the scripts' directories the one that is run first; NULL: they make the image */
        const char *coldplug;  /* the script there that has udev load drivers */
};

/* ids= of modprobe.d, and what loads the drivers by modprobe.d. */
void ids_read_modprobe(const struct root *root, struct arena *a, struct ids *ret);
/* The same, and what loads them by other files of the host. */
void ids_read(const struct root *root, struct arena *a, struct ids *ret);
/* Adds what loads them by those. */
void ids_add_settings(const struct root *root, struct arena *a, const struct ids_settings *settings, struct ids *ids);
/* Adds what a command line says of either; file: where that stands. Text of several lines is one. */
void ids_add_cmdline(struct arena *a, const char *file, const char *line, struct ids *ids);
/* What the kernels have, where there is any ids=. */
void ids_read_kernels(const struct root *root, struct arena *a, struct ids *ids);
