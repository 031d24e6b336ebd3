/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Why something stays, is refused or is missing: a kind for programs beside a sentence for people. Whoever finds the
 * fault sets both. Others decide by the kind and by what it is about, never by the words of the sentence.
 */

/* What stands against a device. */
enum refusal {
        REFUSAL_OTHER,
        REFUSAL_HOST,  /* the host needs it, or may */
        REFUSAL_GROUP, /* its IOMMU group, or that it has none */
        REFUSAL_BELOW, /* what it is below, or what is below it */
};

#define REASONS_EACH      32
#define REASON_FIRST(of)  ((of)*REASONS_EACH)
#define REASON_REFUSAL(r) ((enum refusal)((r) / REASONS_EACH))

/* In brackets: what it is about. Records and journals have these numbers: a new one comes last in its part. */
enum reason_kind {
        REASON_MATCHED = REASON_FIRST(REFUSAL_OTHER), /* nothing is to be said but that the rule matches it */
        REASON_OTHER,                                 /* the sentence says all */
        REASON_BRIDGE,
        REASON_CHIPSET,
        REASON_OBSCURE, /* its class says too little */
        REASON_BOOT_DISPLAY,
        REASON_MAYBE_BOOT_DISPLAY,
        REASON_VIRTUAL_FUNCTIONS, /* some of its are enabled */
        REASON_NO_MODULE,         /* its driver is not there */
        REASON_HANGS,             /* a driver of it does */
        REASON_UNIDENTIFIED,
        REASON_IMPOSTOR,      /* it sits where a recorded device was */
        REASON_SURPLUS,       /* the rule matches more than it expects [the line that would help] */
        REASON_FOREIGN,       /* no rule takes it; a rule is refused for that [one of that rule] */
        REASON_COMES_ALONG,   /* it comes with another, which is refused [that one] */
        REASON_ANOTHER,       /* another, which comes with it or which it is below, says why [that one] */
        REASON_OFF,           /* nothing at all is done in this boot */
        REASON_OF_DEVICE,     /* of a rule: what stands against a device of it [that one] */
        REASON_NONE_HERE,     /* of a rule: no device here matches ["; " and what is known of a recorded one] */
        REASON_NONE_LEFT,     /* likewise, and earlier rules decide those that do */
        REASON_TOO_MANY,      /* of a rule: it matches more than it expects [how many, of how many] */
        REASON_NOT_IN_EFFECT, /* of a rule: this boot's plan did not have it */
        REASON_BLOCKED,       /* an administrator, or who acts for one, lets no driver have it */
        REASON_EXPORTED,      /* the host gives it to another machine */
        REASON_MAKER,         /* it makes devices, and is none to hand over */

        REASON_NEEDED = REASON_FIRST(REFUSAL_HOST), /* [what for] */
        REASON_IN_USE,                              /* a process has it open [which] */
        REASON_KEYBOARD,                            /* the only one */
        REASON_WITHHELD,                            /* the host needed it when it was recorded */
        REASON_NOT_CLEARED,                         /* that it is free is not known */
        REASON_NO_DRIVER,                           /* likewise, as nothing shows what is on it */
        REASON_NO_INTERFACE,                        /* likewise, as it does not show */
        REASON_NO_CLEARANCE,                        /* likewise: nothing shows this early, and no record clears it */

        REASON_NO_GROUP = REASON_FIRST(REFUSAL_GROUP),
        REASON_FIRMWARE,       /* the firmware uses memory through its group */
        REASON_MAYBE_FIRMWARE, /* it may */
        REASON_MEMBER,         /* its group holds another [that one] */
        REASON_COMPANY,        /* likewise, one that the rule does not take */
        REASON_NOT_WHOLE,      /* likewise, and it could not take all of the group */
        REASON_NEW_MEMBER,
        REASON_ACCESS, /* another rule wants its group's node otherwise [a device of that] */

        REASON_ABOVE = REASON_FIRST(REFUSAL_BELOW), /* what it is below stands in its way [that one] */
        REASON_BENEATH,                             /* what is below it does [that one] */
        REASON_END_,
};

struct reason {
        enum reason_kind kind;
        const char *text;  /* the sentence: why, and behind the first ';' what to do about it; NULL: no reason */
        const char *about; /* an address, a path, a use: see the kind; or NULL */
        const char *more;  /* of the sentence, what a word or two for the kind leave out; or NULL */
};

static inline struct reason reason_about(enum reason_kind kind, const char *text, const char *about)
{
        return (struct reason){.kind = kind, .text = text, .about = about};
}

static inline struct reason reason_say(enum reason_kind kind, const char *text)
{
        return reason_about(kind, text, NULL);
}

/* Whether there is one: text is not NULL. What else *ret has stays. */
static inline bool reason_set(struct reason *ret, enum reason_kind kind, const char *text)
{
        ret->kind = kind;
        ret->text = text;
        return text;
}

/* For a member of its group that no rule takes. */
static inline bool reason_is_company(enum reason_kind kind)
{
        return kind == REASON_COMPANY || kind == REASON_NOT_WHOLE;
}

/* The host is not known to do without it. */
static inline bool reason_is_doubt(enum reason_kind kind)
{
        return kind >= REASON_WITHHELD && kind <= REASON_NO_CLEARANCE;
}
