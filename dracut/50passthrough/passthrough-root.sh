#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The stage that waits until the root file system is known.
/usr/lib/passthrough/passthrough-bind --stage=root
