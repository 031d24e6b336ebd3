/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Keys of the host's volumes that are sealed to what an apply changes. */

#include "ctl/transaction.h"
#include "loader/seals.h"

/* What the host needs that LUKS opens. 0 or -errno. */
int sealed_gather(struct ctl *c, struct luks_list *ret) _must_check_;
/* What predicts what a boot measures, and when, as people read it. */
const char *sealed_predict(struct ctl *c, const struct boot_facts *boot);
/*
 * Whether apply may go on with what is prepared: not where nothing would open a volume of the host's. Where nobody can
 * type a passphrase, or nothing is known, it asks. 0 or the exit status; nothing is written by then.
 */
int sealed_allow(struct transaction *x) _must_check_;
