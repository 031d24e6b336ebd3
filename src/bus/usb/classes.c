/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB-IF's class codes: what people call devices of each, and what these are to the host. */
#include "base/str.h"
#include "bus/usb/usb.h"

/* The narrower of two that fit comes first; what says best what a device is, too. */
static const struct class
{
        char prefix[7];
        const char *kind;
        unsigned roles;
        enum heading heading;
} classes[] = {
        {"09", "hub", ROLE_BRIDGE, HEADING_SYSTEM},
        {"0e", "video", 0, HEADING_USB},
        {"07", "printer", 0, HEADING_USB},
        {"08", "storage", ROLE_STORAGE, HEADING_STORAGE},
        {"0202ff", "network", ROLE_NETWORK | ROLE_INTERFACES, HEADING_NETWORK}, /* RNDIS of old */
        {"0202", "serial", ROLE_SERIAL, HEADING_SERIAL},                        /* a modem */
        {"0206", "network", ROLE_NETWORK | ROLE_INTERFACES, HEADING_NETWORK},   /* Ethernet */
        {"0207", "network", ROLE_NETWORK | ROLE_INTERFACES, HEADING_NETWORK},   /* ATM */
        {"020a", "network", ROLE_NETWORK | ROLE_INTERFACES, HEADING_NETWORK},   /* mobile direct line */
        {"020c", "network", ROLE_NETWORK | ROLE_INTERFACES, HEADING_NETWORK},   /* Ethernet emulation */
        {"020d", "network", ROLE_NETWORK | ROLE_INTERFACES, HEADING_NETWORK},   /* network control */
        {"020e", "network", ROLE_NETWORK | ROLE_INTERFACES, HEADING_NETWORK},   /* mobile broadband */
        {"02", "serial", ROLE_NETWORK | ROLE_SERIAL, HEADING_SERIAL},
        {"e00103", "network", ROLE_NETWORK | ROLE_INTERFACES, HEADING_NETWORK}, /* RNDIS */
        {"ef0401", "network", ROLE_NETWORK | ROLE_INTERFACES, HEADING_NETWORK}, /* RNDIS of Android */
        {"e00101", "wireless", ROLE_USB, HEADING_USB},                          /* Bluetooth: keyboards */
        {"e0", "wireless", ROLE_NETWORK | ROLE_USB, HEADING_USB},
        {"01", "audio", 0, HEADING_AUDIO},
        {"03", "hid", ROLE_USB, HEADING_USB},
        {"0a", "serial", ROLE_SERIAL, HEADING_SERIAL},
        {"06", "camera", 0, HEADING_USB},
        {"10", "audio and video", 0, HEADING_USB},
        {"0b", "smart card", ROLE_GUARDED, HEADING_USB},
        {"0d", "content security", ROLE_GUARDED, HEADING_USB},
        {"05", "physical", ROLE_GUARDED, HEADING_USB},
        {"0f", "health", ROLE_GUARDED, HEADING_USB},
        {"dc", "diagnostic", ROLE_GUARDED, HEADING_USB},
        {"ef", "miscellaneous", ROLE_GUARDED, HEADING_USB},
        {"fe", "application-specific", ROLE_GUARDED, HEADING_USB},
        {"ff", "vendor-specific", ROLE_GUARDED, HEADING_USB},
};

/* ARRAY_SIZE(classes) for what is none of them. */
static size_t find(const char *class)
{
        size_t i = 0;

        while (i < ARRAY_SIZE(classes) && !startswith(class, classes[i].prefix))
                i++;
        return i;
}

const char *usb_kind(const char *class)
{
        size_t i = find(class);

        return i < ARRAY_SIZE(classes) ? classes[i].kind : NULL;
}

unsigned usb_roles(const char *class)
{
        size_t i = find(class);

        return i < ARRAY_SIZE(classes) ? classes[i].roles : ROLE_GUARDED;
}

enum heading usb_heading(const char *class)
{
        size_t i = find(class);

        return i < ARRAY_SIZE(classes) ? classes[i].heading : HEADING_USB;
}

bool usb_says_more(const char *a, const char *b)
{
        return find(a) < find(b);
}
