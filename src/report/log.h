/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One line per hand-over and refusal: to the journal by its native protocol (systemd's JOURNAL_NATIVE_PROTOCOL), or to
 * the kernel log where no journal listens yet, or to standard error on a terminal and for a captured machine.
 */

#include "base/root.h"

/* RFC 5424 severities, as journald's PRIORITY. */
enum log_level {
        LOG_LEVEL_ERROR = 3,
        LOG_LEVEL_WARNING = 4,
        LOG_LEVEL_NOTICE = 5,
        LOG_LEVEL_INFO = 6,
};

/* journalctl MESSAGE_ID=... finds every one of them. */
#define LOG_HAND_OVER "5d0f6d1c6b7e4f0e9d4b0a3e8c1f72a4"
#define LOG_REFUSAL   "c2b91a4f0d7348f2a6e5d3b89c7a1e60"
#define LOG_RULE      "9e7a2c58b4d14e3f8f60c1d2a5b3e974"
#define LOG_PAGES     "7c3e9b15d8a2460fb41d6f2e05c8a97b"
#define LOG_SETTINGS  "a1f48d6e3b924c75908e2d7c6fb0e513"
#define LOG_IMAGE     "e36a0d94c5f14b1d8a7f20b9d461c8e3"
#define LOG_RESCUE    "4b1c7d9e2f6a48c0b35d8e17a9f40c62"

/* A line, and what it says for those who read the journal by fields. */
struct log_event {
        enum log_level level;
        const char *message_id, *rule, *device, *text; /* rule and device may be NULL */
        const char *fields;                            /* "PASSTHROUGH_STATE=late\n...", or NULL */
};

/*
 * Never fails: a line that cannot be written stops nothing. Quietly, for a program that tells people itself: to the
 * journal or the kernel log of a running machine, or nowhere.
 */
void log_event(const struct root *root, const struct log_event *e, bool quietly);

void log_line(const struct root *root, enum log_level level, const char *message_id, const char *rule,
              const char *device, const char *format, ...) _printf_(6, 7);
