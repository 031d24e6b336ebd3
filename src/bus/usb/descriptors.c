/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device says of itself, before any of its interfaces is there: its descriptor, then those of all its
 * configurations (Documentation/ABI/testing/sysfs-bus-usb: descriptors; USB 2.0, 9.5 and 9.6).
 */
#include <stdio.h>

#include "bus/usb/usb.h"

#define DEVICE_LENGTH    18
#define INTERFACE_LENGTH 9
#define TYPE_DEVICE      1
#define TYPE_INTERFACE   4

bool usb_read_descriptors(const unsigned char *data, size_t size, void (*one)(void *context, const char *class),
                          void *context)
{
        size_t n;

        if (size < DEVICE_LENGTH || data[0] != DEVICE_LENGTH || data[1] != TYPE_DEVICE)
                return false;
        for (size_t at = DEVICE_LENGTH; at < size; at += n) {
                char class[7];

                n = data[at];
                if (n < 2 || n > size - at || (data[at + 1] == TYPE_INTERFACE && n < INTERFACE_LENGTH))
                        return false;
                if (data[at + 1] != TYPE_INTERFACE)
                        continue;
                snprintf(class, sizeof(class), "%02x%02x%02x", data[at + 5], data[at + 6], data[at + 7]);
                one(context, class);
        }
        return true;
}
