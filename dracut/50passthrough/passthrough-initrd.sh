#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034 # passthrough-deadline.sh has it: the same shell reads both
# Before any driver is loaded. In a trial its time counts first, whatever hangs then: this is the number of the process that does.
passthrough_deadline=$(/usr/lib/passthrough/passthrough-bind --deadline)
/usr/lib/passthrough/passthrough-bind --stage=initrd
