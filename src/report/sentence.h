/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * "RULE: ADDRESS bound to DRIVER": the sentences that say what became of a device. The journal's fields say the same;
 * where no journal listened the kernel log has the sentence alone, and it is read with the table it was written with.
 */

#include "state/record.h"

/* How the reason of SENTENCE_RESCUED begins. */
#define SENTENCE_GIVEN_BACK "given back: "

enum sentence {
        SENTENCE_LATE,
        SENTENCE_BOUND,
        SENTENCE_CLAIMED, /* of a bus whose devices keep the driver of the host */
        SENTENCE_ALONG,   /* it went away with what it was below */
        SENTENCE_MADE,    /* a virtual GPU */
        SENTENCE_REFUSED,
        SENTENCE_FAILED,
        SENTENCE_WITH,    /* the host's driver has it already */
        SENTENCE_HOST,    /* back; udev loads its driver, if there is one */
        SENTENCE_GIVEN,   /* back, to that driver */
        SENTENCE_FREE,    /* back, to none */
        SENTENCE_REMOVED, /* a mediated device */
        SENTENCE_CLEARED, /* a virtual function that was given a type */
        SENTENCE_RESCUED, /* back, because no root file system was found without it */
        SENTENCE_MAX_,
};

const char *sentence_write(struct arena *a, enum sentence sentence, const struct record_device *d);
/* What is behind "RULE: "; false where it is no such sentence. *ret gets what the sentence says. */
bool sentence_read(struct arena *a, const char *text, struct record_device *ret);
