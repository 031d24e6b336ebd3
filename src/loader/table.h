/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct loader;

/* NULL behind the last. */
extern const struct loader *const loader_table[];
