/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whether a plan leaves the host a display. Pure. */

#include "plan/plan.h"

#define DISPLAYS_NONE_LEFT "No display is left for the host then."

/* The rule (NO_ENTRY: any) takes a display, and no display stays with the host; false where one is not known. */
bool displays_none_left(const struct plan *plan, size_t rule) _must_check_;
