/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/str.h"

/*
 * Whether a list of patterns, as systemd.link(5) has it, is about one of the texts: a leading "!" negates all of it.
 * "00-11-22-aa-bb-cc" is an address, too.
 */
bool patterns_mean(struct arena *a, const char *list, const struct strings *texts);
