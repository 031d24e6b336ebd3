#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Beside the search for the root file system; ends by itself once that is mounted.
/usr/lib/passthrough/passthrough-bind --rescue &
