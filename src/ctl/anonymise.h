/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Secrets, replaced by a hash of theirs with a key that is drawn for each capture and kept nowhere: equal ones stay
 * equal, and nothing leads back. Each has letters and digits; upper or lower case, and what stands between them, is the
 * spelling, which the replacement keeps, as it keeps the size. All spellings of a secret are found.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct secret;

struct anonymiser {
        struct arena *arena;
        uint64_t key[2];
        struct secret *v;
        size_t n;
        struct strings kept;
        const struct secret ***first;
};

/* Draws the key. 0 or -errno. */
int anonymiser_open(struct anonymiser *y, struct arena *a) _must_check_;
/* A secret, in any spelling. What is too short to identify anything, or what firmware writes for nothing, is none. */
void anonymiser_add(struct anonymiser *y, const char *s, size_t size);
/* What looks like one and is none: a number that is the same everywhere. */
void anonymiser_keep(struct anonymiser *y, const char *s, size_t size);
/* A secret of which the replacement is known, of the same size. */
void anonymiser_map(struct anonymiser *y, const char *s, const char *replacement);
/* The replacement of one, its letters and digits alone, in lower case. */
const char *anonymiser_hash(const struct anonymiser *y, const char *s);
/* All are known; the next may be called. */
void anonymiser_ready(struct anonymiser *y);
/* Replaces all of them in data, in place; in what is no text, binary forms as well. */
void anonymiser_apply(const struct anonymiser *y, char *data, size_t size);
/* Each letter and digit of a credential, whatever it is. */
void anonymiser_scramble(const struct anonymiser *y, char *s, size_t size);

/* The size of what may stand between two characters of a secret: a separator, or udev's, systemd's or fstab's form of
 * one. */
size_t anonymiser_gap(const char *s, size_t size, bool binary);
