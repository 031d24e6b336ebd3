/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whether somebody works here from afar, and so would be locked out by a host that no longer answers. A yes has them
 * confirm a trial, and a trial that nobody confirms goes back: so whoever may be far away counts as that. Who runs no
 * terminal, as a unit of systemd, does not: nobody would confirm.
 */

#include "base/root.h"

/* This process: its environment, and what session_is_remote() sees. */
bool ssh_in_use(const struct root *root);

/*
 * A process, by what is below /proc, /run/systemd/sessions and /run/utmp: one of its ancestors serves logins from afar
 * (sudo leaves them), or its login session is remote (sd_session_is_remote(3)), or so is its terminal's entry in utmp.
 * A terminal that outlives its login, as those of tmux and screen, may be anybody's: then any remote session counts,
 * and so does not to know of any.
 */
bool ssh_reaches(const struct root *root, int pid);
