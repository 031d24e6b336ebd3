/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* ids= of vfio-pci and pci-stub, said by plan of what the running kernel has, and by apply of the next boot. */

#include <stdio.h>

#include "ctl/transaction.h"
#include "facts/ids.h"

/* What there is on this host; the command line is the running kernel's. */
void ids_look(struct ctl *c, struct ids *ret);

/* A note for each line that means a device here; c->plan has details of all devices. */
void ids_note(struct ctl *c, const struct ids *ids, FILE *f);

/* Once the change is prepared: 0, or the exit status after having said which line takes a device that no rule hands
 * over. */
int ids_refuse(struct transaction *x) _must_check_;
