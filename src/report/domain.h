/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Addresses as people read them: "0000:" is left out where every domain is that one. */

#include "facts/facts.h"

/* Whether each address of this machine begins with it. */
bool domain_is_one(const struct facts *facts);
/* one: of domain_is_one(). An address, and a text that has some. */
const char *domain_less(bool one, const char *address);
const char *domain_less_text(bool one, struct arena *a, const char *text);
