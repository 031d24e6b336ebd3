/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The LUKS volumes that the host needs, and what opens each: what its header says of key slots and of keys that a TPM
 * gives out (LUKS2 On-Disk Format Specification, 2 and 3; systemd-cryptenroll(1), clevis-encrypt-tpm2(1)).
 * Needs json-c: no program of a boot image reads it.
 */

#include "facts/facts.h"

#define LUKS_PCRS 24 /* registers of a TPM, from 0 on */

/* A key that comes without a person, if the machine has booted what it was sealed to. */
struct luks_seal {
        const char *slot;     /* the number of its key slot */
        uint32_t pcrs;        /* that must be as they were: 1 << number */
        uint32_t signed_pcrs; /* that must be as somebody has signed them */
        bool clevis;          /* clevis keeps it, else systemd */
        bool pin;             /* a person types a PIN, too */
        bool pcrlock;         /* to be as predicted: systemd-pcrlock(8) */
        const char *unclear;  /* why what it is sealed to is not known, or NULL */
};

struct luks {
        const char *device;  /* "/dev/sda3" */
        const char *needed;  /* what for: "for /", "in use" */
        const char *unknown; /* why nothing is known of what opens it, or NULL */
        bool denied;         /* then: this process may not read it */
        struct luks_seal *seals;
        size_t n_seals;
        size_t n_passphrases; /* key slots of nobody else: a passphrase, or a key file */
        size_t n_recoveries;  /* of recovery keys */
        size_t n_others;      /* of tokens that a person plugs in, and of what is not known */
};

struct luks_list {
        struct luks *v;
        size_t n;
};

/* facts: gathered with use, of all devices. */
void luks_gather(const struct root *root, struct arena *a, const struct facts *facts, struct luks_list *ret);

/* ---- luks-json.c */
/*
 * What is judged of a header, in its own words, and no more: no salt, digest or blob. pcrlock: the PCRs of the
 * policy that systemd-pcrlock keeps. NULL: it is no header.
 */
const char *luks_reduce(struct arena *a, const char *json, const uint32_t *pcrlock);
/* What such a text says; false: nothing. */
bool luks_parse(struct arena *a, const char *reduced, struct luks *ret) _must_check_;
/* The PCRs in pcrlock.json; false: it does not tell. */
bool luks_parse_pcrlock(const char *json, uint32_t *ret) _must_check_;
