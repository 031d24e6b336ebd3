/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/brief.h"

#include "base/str.h"
#include "plan/plan.h"

#define ALSO_HOLDS  " also holds "
#define NOT_CLEARED "not cleared: "
#define WORDS_MAX   28 /* columns */

/* What stands behind the last `mark`, or NULL. */
static const char *behind_last(const char *text, const char *mark)
{
        const char *found = NULL;

        for (const char *at = text; (at = strstr(at, mark)); found = at)
                at += strlen(mark);
        return found;
}

/* What stands behind the first one, or all of it. */
static const char *behind_first(const char *text, const char *mark)
{
        const char *found = strstr(text, mark);

        return found ? found + strlen(mark) : text;
}

/* The use at the end of a chain: "0000:03:00.0 ← nvme0n1p2 ← /". */
static struct brief of_chain(struct arena *a, const char *chain, const char *way)
{
        const char *use = behind_last(chain, " ← ");
        const char *words;

        if (!use)
                return (struct brief){way, chain};
        if (startswith(use, "the only keyboard"))
                return (struct brief){"the only keyboard", NULL};
        use = arena_strndup(a, use, strcspn(use, ";"));
        words = *use == '/' || streq(use, "swap") ? arena_join(a, use, " is on it", NULL) : use;
        if (strlen(words) > WORDS_MAX)
                return (struct brief){way, use};
        return (struct brief){words, NULL};
}

/* "which holds /": as it is said of another device. */
static const char *said_of_other(struct arena *a, const char *reason)
{
        struct brief b = brief_of(a, reason);

        if (endswith(b.words, " is on it"))
                return arena_join(a, "which holds ", arena_strndup(a, b.words, strlen(b.words) - strlen(" is on it")),
                                  NULL);
        if (streq(b.words, "default route"))
                return "which carries the default route";
        if (streq(b.words, "boot display") || streq(b.words, "the only keyboard"))
                return arena_join(a, *b.words == 't' ? "" : "the ", b.words, NULL);
        if (startswith(b.words, "may be "))
                return arena_join(a, "which ", b.words, NULL);
        return arena_join(a, "which is held: ", b.words, NULL);
}

/* "; 0000:05:00.0: REASON", which plan_handovers() puts behind the refusal for another's; else NULL. */
static const char *cause_of(struct arena *a, const char *reason)
{
        const char *at = strstr(reason, "refused; "), *colon;

        if (!at)
                return NULL;
        at += strlen("refused; ");
        colon = strstr(at, ": ");
        return colon ? arena_join(a, arena_strndup(a, at, (size_t)(colon - at)), ", ", said_of_other(a, colon + 2),
                                  NULL)
                     : NULL;
}

/* "IOMMU group 10 also holds 0000:05:00.0 (10ec:8125, network), which ..." */
static struct brief of_group(struct arena *a, const char *reason, const char *others)
{
        const char *number = reason + strlen("IOMMU "), *cause = cause_of(a, reason);

        return (struct brief){
                arena_strndup(a, number, (size_t)(others - strlen(ALSO_HOLDS) - number)),
                arena_join(a, "shares it with ", cause ? cause : others, NULL),
        };
}

/* What is not known to be free. */
static struct brief of_doubt(const char *why)
{
        if (startswith(why, "it has no driver"))
                return (struct brief){"no driver", why};
        if (strstr(why, "its interface does not show"))
                return (struct brief){"interface not seen", why};
        return (struct brief){"may be needed", why};
}

static struct brief whole_brief(struct arena *a, const char *reason)
{
        static const struct {
                const char *start, *words;
                enum { ALL, REST, NOTHING } detail; /* what the words leave out: REST is behind the colon */
        } known[] = {
                {"the firmware booted on this display", "boot display", NOTHING},
                {"the firmware may have booted on this display", "may be the boot display", ALL},
                {"it has no IOMMU group", "no IOMMU group", REST},
                {"it is part of the chipset", "part of the chipset", NOTHING},
                {"it is a bridge", "bridge", NOTHING},
                {"driver vfio-pci is not there", "no vfio-pci", REST},
                {"its class (", "class says too little", ALL},
                {"cannot see whether the firmware uses memory", "may be the firmware's", ALL},
                {"a driver of it hangs", "driver hangs", ALL},
                {"its vendor, device and class cannot be read", "cannot be identified", NOTHING},
                {"its files in sysfs cannot be read", "cannot be identified", NOTHING},
                {PLAN_MATCHED, "", NOTHING},
        };
        const char *others = behind_last(reason, ALSO_HOLDS), *uses = strstr(reason, " of its virtual functions");

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (startswith(reason, known[i].start))
                        return (struct brief){known[i].words, known[i].detail == NOTHING ? NULL
                                                              : known[i].detail == REST  ? behind_first(reason, ": ")
                                                                                         : reason};
        if (startswith(reason, "the host needs it: "))
                return of_chain(a, reason + strlen("the host needs it: "), "in use");
        if (startswith(reason, "in use: "))
                return of_chain(a, reason + strlen("in use: "), "in use");
        if (startswith(reason, NOT_CLEARED))
                return of_doubt(reason + strlen(NOT_CLEARED));
        if (startswith(reason, "IOMMU group ") && others)
                return of_group(a, reason, strstr(reason, ALSO_HOLDS) + strlen(ALSO_HOLDS));
        if (startswith(reason, "IOMMU group ") && strstr(reason, "of type direct"))
                return (struct brief){"the firmware uses it", "memory of its group is the firmware's (RMRR)"};
        if (uses && strspn(reason, "0123456789") == (size_t)(uses - reason))
                return (struct brief){"VFs enabled", NULL};
        if (cause_of(a, reason))
                return (struct brief){"its companion", arena_join(a, "comes with ", cause_of(a, reason), NULL)};
        if (strlen(reason) <= WORDS_MAX)
                return (struct brief){reason, NULL};
        return (struct brief){"see below", reason};
}

struct brief brief_of(struct arena *a, const char *reason)
{
        struct brief b = whole_brief(a, reason);

        /* What to do about it has room where one device is told of. */
        if (b.detail)
                b.detail = arena_strndup(a, b.detail, strcspn(b.detail, ";"));
        return b;
}
