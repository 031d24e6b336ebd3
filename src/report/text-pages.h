/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Huge pages, as plan and status show them. */

#include "plan/reserve.h"
#include "state/record.h"

#include "report/screen.h"

void pages_put_plan(const struct screen *s, const struct huge_plan *huge);
void pages_put_record(const struct screen *s, const struct record *record);
