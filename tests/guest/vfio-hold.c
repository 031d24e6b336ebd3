// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hold a PCI function open through VFIO until killed: "group" as virtual machines do, with the group's node open;
 * "device" with nothing but the descriptor of the device, of which no path in /proc tells: whoever unbinds it waits.
 */
#include "vfio.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
        struct vfio v;

        if (argc != 3) {
                fprintf(stderr, "usage: vfio-hold group|device ADDRESS\n");
                return 2;
        }
        vfio_open(&v, argv[2]);
        if (strcmp(argv[1], "device") == 0) {
                close(v.group);
                close(v.container);
        }
        printf("held\n");
        fflush(stdout);
        for (;;)
                pause();
}
