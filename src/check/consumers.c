/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/consumers.h"

const struct check_consumer *const check_consumers[] = {&check_for_cloudpods, &check_for_kubevirt, &check_for_nova,
                                                        &check_for_proxmox, NULL};
