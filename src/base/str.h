/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Strings as configuration and sysfs have them. Nothing here depends on the locale. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

static inline bool streq(const char *a, const char *b)
{
        return strcmp(a, b) == 0;
}

/* Both absent counts as equal. */
static inline bool streq_ptr(const char *a, const char *b)
{
        return a == b || (a && b && streq(a, b));
}

static inline bool startswith(const char *s, const char *prefix)
{
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* False for a string that is the suffix alone. */
static inline bool endswith(const char *s, const char *suffix)
{
        size_t n = strlen(s), m = strlen(suffix);

        return n > m && strcmp(s + n - m, suffix) == 0;
}

/* Cuts blanks at both ends, in place; returns the new start. */
char *str_trim(char *s);

/* The part after the last slash. */
const char *str_basename(const char *path);

/*
 * Control characters, those that hide or reorder text (U+202E), and what is no UTF-8: each of their bytes becomes "?",
 * in place. For what goes into a message or a document.
 */
void str_make_printable(char *s);

/* The same of control characters and what is no UTF-8 alone: for what is quoted because others hide in it. */
void str_without_controls(char *s);

/* Such a copy, of what hardware, firmware or somebody else calls something. */
char *str_printable(struct arena *a, const char *s) _must_check_;

/* ASCII only, in place. */
void str_lower(char *s);

/* All of s, nothing else, as a number of the given base; else false, and *ret is untouched. */
bool str_to_u32(const char *s, int base, uint32_t *ret) _must_check_;

/* 1, yes, y, true, t, on and their opposites, as systemd has them; else false. */
bool str_to_bool(const char *s, bool *ret) _must_check_;

/* RFC 9562, 4: 8-4-4-4-12 hex digits, the first 36 characters, or all. */
#define UUID_LENGTH 36
bool str_begins_uuid(const char *s) _must_check_;
bool str_is_uuid(const char *s) _must_check_;

/* One more at the end of a list. */
void str_add(struct arena *a, const char ***list, size_t *n, const char *s);

struct strings {
        const char **v;
        size_t n;
};

static inline void strings_add(struct arena *a, struct strings *list, const char *s)
{
        str_add(a, &list->v, &list->n, s);
}

/* All of one list behind another. */
void strings_append(struct arena *a, struct strings *list, const struct strings *more);

/* All of them, one behind the other. */
char *strings_text(struct arena *a, const struct strings *list) _must_check_;

/*
 * Blank-separated words, each a string of its own below the arena; the array ends with NULL. An element is never empty.
 */
void str_words(struct arena *a, const char *s, const char ***ret, size_t *ret_n);
/* The same of a command, where double quotes may be around a word with blanks. */
void str_arguments(struct arena *a, const char *s, const char ***ret, size_t *ret_n);

/* Where s is in the list, or -1. */
int str_index(const char *s, const char *const *list, size_t n);

/* The candidate nearest to s (Damerau-Levenshtein, case ignored), or NULL where none is near enough to be meant. */
const char *str_nearest(const char *s, const char *const *candidates, size_t n);
/* The same, where at most one letter in so many may be wrong. */
const char *str_nearest_within(const char *s, const char *const *candidates, size_t n, size_t letters);

/* 64-bit FNV-1a over n bytes, continued from h: tells changes apart, proves nothing against an adversary. */
#define STR_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t str_hash(uint64_t h, const void *p, size_t n);
