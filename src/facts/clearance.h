/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * /var/lib/passthrough/clearance, on the host and in its boot images: who each device of a rule was when the host was
 * last looked at, and that the guard let it go. Early in a boot neither shows.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/root.h"
#include "base/str.h"
#include "bus/bus.h"

#define CLEARANCE_IN_VAR "/lib/passthrough/clearance"
#define CLEARANCE_PATH   "/var" CLEARANCE_IN_VAR

struct clearance_device {
        const char *rule;
        uint64_t digest; /* of the rule's text then */
        /* "" where it was not known */
        const char *address, *path, *id, *marks[MARK_MAX_];
        bool companion;                 /* taken along; the rule itself does not match it */
        bool cleared;                   /* the host did not need it */
        const char *withheld;           /* how the host needed it, or why that was not known; or "" */
        enum reason_kind withheld_kind; /* which of the two: see reason_is_doubt() */
        const char *needed_for; /* the use at the end of it, NULL or "" for none; earlier versions say neither */
        const char **company;   /* "PATH=ID" of all members of its IOMMU group, its own included */
        size_t n_company;
        const char **named; /* clearance_name() of storage that the host named then, and that is not on it */
        size_t n_named;
        const char *below; /* "PATH=ID" of what it is below and goes along with; or NULL or "" */
};

struct clearance {
        struct clearance_device *devices;
        size_t n_devices;
        const char **seen; /* evidence.h's, of the run that wrote it */
        size_t n_seen;
        bool elsewhere;     /* the image has none, or another machine's: it was not built on this host */
        bool unread;        /* there is one, and what it says cannot be told */
        const char *lapsed; /* why no device is cleared any more, though known; or NULL */
};

static inline bool clearance_names(const char *member, const char *path, const char *id)
{
        size_t n = strlen(path);

        return strncmp(member, path, n) == 0 && member[n] == '=' && strcmp(member + n + 1, id) == 0;
}

/* What of the kernel command line says where the host's root, swap and network are; "" where nothing does. */
const char *clearance_context(const struct root *root, struct arena *a);

/* Storage that the host names, in one word. */
static inline const char *clearance_name(struct arena *a, const char *spec)
{
        return arena_printf(a, "%016llx", (unsigned long long)str_hash(STR_HASH_START, spec, strlen(spec)));
}

/* Empty where there is none, or where it is another machine's. */
void clearance_read(const struct root *root, struct arena *a, struct clearance *ret);
/*
 * The host's own, for an image that was built elsewhere, once the initrd has mounted the root file system at sysroot:
 * what ret knows so far stays where there is none. cmdline: the kernel's, or NULL.
 */
void clearance_read_host(const struct root *root, struct arena *a, const char *sysroot, const char *cmdline,
                         struct clearance *ret);
/* The file's text; NULL where this machine cannot be told from others. */
char *clearance_format(const struct root *root, struct arena *a, const struct clearance *c, size_t *ret_size);
