/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Keys that a TPM gives out only where the host has booted what they were sealed to, and what becomes of them where
 * the kernel command line or a boot image changes. Pure.
 */

#include "guard/luks.h"
#include "loader/loader.h"

enum seal_state {
        SEAL_HOLDS,   /* the volume opens as before */
        SEAL_UNKNOWN, /* that cannot be told */
        SEAL_BREAKS,  /* a person is asked for a passphrase or a recovery key */
        SEAL_LOCKS,   /* nothing opens it then */
};

struct seal_verdict {
        enum seal_state state;
        const char *what;  /* a sentence, without its end; NULL: SEAL_HOLDS */
        const char *asked; /* the same in short, as a reason why somebody is asked */
        const char *fix;   /* what to do */
};

/* The registers that differ in the next boot; of a host whose loader is not known all that any would change. */
uint32_t seals_changed(const struct boot_facts *facts, bool line, bool initrd);
/* What becomes of one volume, if those registers change. predict: what predicts them, and when. */
struct seal_verdict seals_judge(const struct luks *l, uint32_t changed, const char *predict, struct arena *a);
/* "PCR 9", "PCRs 8 and 9" */
const char *seals_pcrs(struct arena *a, uint32_t pcrs);
