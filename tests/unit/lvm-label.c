/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lvm-label FILE...: of which group each is, by what LVM has written on it. */
#include <stdio.h>

#include "guard/lvm-label.h"

int main(int argc, char *argv[])
{
        char group[LVM_NAME_MAX];

        for (int i = 1; i < argc; i++)
                printf("%s\n", lvm_label_group(argv[i], group) ? *group ? group : "none" : "unknown");
        return 0;
}
