/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a boot made of each rule and its devices, as rows. */

#include "report/roster.h"
#include "report/status.h"

/* plan: of the facts as they are now, or NULL; names: beside their devices, or NULL. */
struct roster status_lines(const struct status *status, const struct plan *plan, const struct pci_name *names,
                           struct arena *a) _must_check_;
