/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device says of itself, before any of its interfaces is there: its descriptor, then those of all its
 * configurations (Documentation/ABI/testing/sysfs-bus-usb: descriptors; USB 2.0, 9.5 and 9.6).
 */
#include <stdio.h>

#include "bus/usb/usb.h"

#define DEVICE_LENGTH        18
#define CONFIGURATION_LENGTH 9
#define INTERFACE_LENGTH     9
#define TYPE_DEVICE          1
#define TYPE_CONFIGURATION   2
#define TYPE_INTERFACE       4

/* The length of one configuration, with all that belongs to it; 0: it is not here to its end. */
static size_t configuration(const unsigned char *data, size_t size)
{
        size_t whole;

        if (size < CONFIGURATION_LENGTH || data[0] < CONFIGURATION_LENGTH || data[1] != TYPE_CONFIGURATION)
                return 0;
        whole = data[2] | (size_t)data[3] << 8;
        return whole < data[0] || whole > size ? 0 : whole;
}

bool usb_read_descriptors(const unsigned char *data, size_t size, void (*one)(void *context, const char *class),
                          void *context)
{
        size_t n, end = DEVICE_LENGTH, configurations = 0;

        if (size < DEVICE_LENGTH || data[0] != DEVICE_LENGTH || data[1] != TYPE_DEVICE)
                return false;
        for (size_t at = DEVICE_LENGTH; at < size; at += n) {
                char class[7];

                if (at == end) {
                        end += configuration(data + at, size - at);
                        configurations++;
                }
                n = data[at];
                if (n < 2 || n > end - at || (data[at + 1] == TYPE_INTERFACE && n < INTERFACE_LENGTH))
                        return false;
                if (data[at + 1] != TYPE_INTERFACE)
                        continue;
                snprintf(class, sizeof(class), "%02x%02x%02x", data[at + 5], data[at + 6], data[at + 7]);
                one(context, class);
        }
        return configurations == data[DEVICE_LENGTH - 1];
}
