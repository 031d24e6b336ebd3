// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Use an interface of a USB device as QEMU does, by the calls that libusb makes for it: take it from whatever driver
 * has it, and at the end let it go and have the kernel look for a driver. "hold" keeps it until killed, and lets
 * nothing go; who ends a virtual machine the hard way does no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int say(const char *what)
{
        fprintf(stderr, "usb-claim: %s: %s\n", what, strerror(errno));
        return 1;
}

static int give_back(int fd, unsigned interface)
{
        struct usbdevfs_ioctl connect = {.ifno = (int)interface, .ioctl_code = USBDEVFS_CONNECT};

        if (ioctl(fd, USBDEVFS_RELEASEINTERFACE, &interface) < 0)
                return say("release");
        if (ioctl(fd, USBDEVFS_IOCTL, &connect) < 0)
                return say("connect");
        printf("given to the kernel\n");
        return 0;
}

int main(int argc, char **argv)
{
        struct usbdevfs_disconnect_claim claim = {};
        int fd;

        if (argc < 3 || argc > 4) {
                fprintf(stderr, "usage: usb-claim NODE INTERFACE [hold]\n");
                return 2;
        }
        fd = open(argv[1], O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return say(argv[1]);
        claim.interface = (unsigned)strtoul(argv[2], NULL, 10);
        if (ioctl(fd, USBDEVFS_DISCONNECT_CLAIM, &claim) < 0)
                return say("claim");
        printf("claimed\n");
        fflush(stdout);
        if (argc == 3)
                return give_back(fd, claim.interface);
        for (;;)
                pause();
}
