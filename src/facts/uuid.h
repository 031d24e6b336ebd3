/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* UUIDs of mediated devices: those that a rule gives, else the same in every boot and of no other host. */

#include "config/vgpu.h"
#include "facts/facts.h"

/*
 * That of the virtual GPU at this position of a parent, from machine-id, rule, the parent's path and position. In the
 * form of version 8 of RFC 9562. False: it has none, as machine-id is not known.
 */
bool uuid_of(const struct rule *rule, const struct facts *facts, const struct device *parent, uint32_t index,
             char ret[static VGPU_UUID_SIZE]);
