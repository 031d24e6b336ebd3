#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Before any driver is loaded.
/usr/lib/passthrough/passthrough-bind --stage=initrd
