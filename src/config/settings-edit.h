/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A change of passthrough.conf that leaves all other lines, and its comments, as they are. */

#include "config/settings.h"

/* "Count=8" or "Nodes=0:8 1:8" */
const char *settings_pages_line(struct arena *a, const struct huge_pages *pages);
/* The text with so many pages of that size: in the section that it has for it, or in a new one at its end. */
const char *settings_with_pages(struct arena *a, const char *text, const struct huge_pages *pages);
