/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "facts/facts.h"

/*
 * A function that belongs to a card and sits elsewhere: some graphics cards have a switch of their own, with the
 * display behind one of its ports and the audio behind another. The next one after `after` (NO_DEVICE: the first), or
 * NO_DEVICE.
 */
size_t beside_next(const struct facts *facts, size_t display, size_t after);
/* What a device is to one that it comes with: ", its audio"; "" where that does not matter. */
const char *beside_word(const struct facts *facts, size_t device, size_t with) _must_check_;
