/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/brief.h"

#include "base/str.h"
#include "guard/evidence.h"

#define WORDS_MAX 28 /* columns */

/* A brief, and how it is said of another device. */
struct said {
        struct brief brief;
        const char *of_other;
};

const char *brief_why(struct arena *a, const char *text)
{
        return arena_strndup(a, text, strcspn(text, ";"));
}

/* "/ is on it" */
static struct said of_use(struct arena *a, const struct reason *why)
{
        const char *use = why->about, *words = use;
        bool on_it = *use == '/' || streq(use, USE_SWAP);

        if (on_it)
                words = arena_join(a, use, " is on it", NULL);
        if (strlen(words) > WORDS_MAX)
                return (struct said){{"in use", use}, NULL};
        return (struct said){{words, NULL},
                             on_it                           ? arena_join(a, "which holds ", use, NULL)
                             : streq(use, USE_DEFAULT_ROUTE) ? "which carries the default route"
                                                             : NULL};
}

/* A kind that always has the same words. */
static const struct form {
        enum reason_kind kind;
        enum { NOTHING, ALL, MORE } detail; /* which part of the reason is left out by the words */
        const char *words, *of_other;
} forms[] = {
        {REASON_BRIDGE, NOTHING, "bridge", NULL},
        {REASON_CHIPSET, NOTHING, "part of the chipset", NULL},
        {REASON_OBSCURE, ALL, "class says too little", NULL},
        {REASON_BOOT_DISPLAY, NOTHING, "boot display", "the boot display"},
        {REASON_MAYBE_BOOT_DISPLAY, ALL, "may be the boot display", "which may be the boot display"},
        {REASON_VIRTUAL_FUNCTIONS, NOTHING, "VFs enabled", NULL},
        {REASON_NO_MODULE, MORE, "no vfio-pci", NULL},
        {REASON_HANGS, ALL, "driver hangs", NULL},
        {REASON_UNIDENTIFIED, NOTHING, "cannot be identified", NULL},
        {REASON_BLOCKED, ALL, "not authorised", NULL},
        {REASON_EXPORTED, ALL, "exported by usbip", NULL},
        {REASON_MAKER, NOTHING, "makes virtual GPUs", NULL},
        {REASON_KEYBOARD, NOTHING, "the only keyboard", "the only keyboard"},
        {REASON_WITHHELD, MORE, "may be needed", "which may be needed"},
        {REASON_NOT_CLEARED, MORE, "may be needed", "which may be needed"},
        {REASON_NO_DRIVER, MORE, "no driver", NULL},
        {REASON_NO_INTERFACE, MORE, "interface not seen", NULL},
        {REASON_NO_CLEARANCE, MORE, "may be needed", "which may be needed"},
        {REASON_NO_GROUP, MORE, "no IOMMU group", NULL},
        {REASON_MAYBE_FIRMWARE, ALL, "may be the firmware's", "which may be the firmware's"},
};

static struct said of_form(const struct reason *why, const struct form *form)
{
        const char *detail = form->detail == ALL ? why->text : form->detail == MORE ? why->more : NULL;

        return (struct said){{form->words, detail}, form->of_other};
}

/* Of one that has its own reason. */
static struct said said_of(struct arena *a, const struct device *d, const struct reason *why)
{
        if (why->kind == REASON_BRIDGE && d->called)
                return (struct said){{d->called, NULL}, NULL};
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
                if (forms[i].kind == why->kind)
                        return of_form(why, &forms[i]);
        switch (why->kind) {
        case REASON_NEEDED:
        case REASON_IN_USE:
                return of_use(a, why);
        case REASON_FIRMWARE:
                return (struct said){{"the firmware uses it", "memory of its group is the firmware's (RMRR)"}, NULL};
        case REASON_MEMBER:
        case REASON_COMPANY:
        case REASON_NOT_WHOLE:
        case REASON_ACCESS:
                return (struct said){
                        {arena_printf(a, "group %d", d->group), arena_join(a, "shares it with ", why->more, NULL)},
                        NULL};
        default:
                return (struct said){strlen(why->text) <= WORDS_MAX ? (struct brief){why->text, NULL}
                                                                    : (struct brief){"see below", why->text},
                                     NULL};
        }
}

/* "05:00.0, which carries the default route": the one that it is refused for. */
static const char *cause_of(struct arena *a, const struct facts *facts, const struct handover *h)
{
        const struct device *d = &facts->devices[h->cause_of];
        const struct said cause = said_of(a, d, &h->cause);

        return arena_join(a, d->address, ", ",
                          cause.of_other ? cause.of_other : "which is held: ", cause.of_other ? "" : cause.brief.words,
                          NULL);
}

struct brief brief_of(struct arena *a, const struct facts *facts, size_t device, const struct handover *handover)
{
        struct brief b = said_of(a, &facts->devices[device], &handover->why).brief;

        if (handover->cause_of != NO_DEVICE && REASON_REFUSAL(handover->why.kind) == REFUSAL_GROUP)
                b.detail = arena_join(a, "shares it with ", cause_of(a, facts, handover), NULL);
        else if (handover->cause_of != NO_DEVICE)
                b = (struct brief){"its companion", arena_join(a, "comes with ", cause_of(a, facts, handover), NULL)};
        /* What to do about it has room where one device is told of. */
        if (b.detail)
                b.detail = brief_why(a, b.detail);
        return b;
}
