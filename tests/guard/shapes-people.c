/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passphrases, and the keyboards that type them. The first subject is a disk, the second the keyboard's controller. */
#include "shapes.h"

static const struct shape rows[] = {
        /* crypttab(5): without a key, or with one that needs somebody */
        {.name = "crypttab asks", .asks = true, .steps = {"+etc/crypttab s{n} {A.spec} none luks"}},
        {.name = "crypttab asks, in two fields", .asks = true, .steps = {"+etc/crypttab s{n} {A.spec}"}},
        {.name = "crypttab asks, by a dash", .asks = true, .steps = {"+etc/crypttab s{n} {A.spec} - luks,discard"}},
        {.name = "crypttab asks, on I2C",
         .asks = true,
         .keyboard = I2C_KEYBOARD,
         .steps = {"+etc/crypttab s{n} {A.spec} none luks"}},
        {.name = "crypttab asks, with a PS/2 keyboard",
         .asks = true,
         .keyboard = PS2_KEYBOARD,
         .steps = {"+etc/crypttab s{n} {A.spec} none luks"}},
        {.name = "crypttab has a key", .steps = {"+etc/crypttab s{n} {A.spec} /etc/key luks"}},
        {.name = "crypttab with a script",
         .asks = true,
         .steps = {"+etc/crypttab s{n} {A.spec} none luks,keyscript=/lib/askpass"}},
        {.name = "crypttab with a script, and a file",
         .asks = true,
         .steps = {"+etc/crypttab s{n} {A.spec} /etc/key luks,keyscript=/lib/askpass"}},
        {.name = "crypttab with a TPM", .asks = true, .steps = {"+etc/crypttab s{n} {A.spec} - tpm2-device=auto"}},
        {.name = "crypttab with a TPM and a PIN",
         .asks = true,
         .steps = {"+etc/crypttab s{n} {A.spec} - tpm2-device=auto,tpm2-pin=yes"}},
        {.name = "crypttab with a token",
         .asks = true,
         .scope = USB_OPEN,
         .steps = {"+etc/crypttab s{n} {A.spec} - fido2-device=auto"}},
        {.name = "crypttab with a smart card",
         .asks = true,
         .scope = USB_OPEN,
         .steps = {"+etc/crypttab s{n} {A.spec} - pkcs11-uri=auto"}},
        {.name = "crypttab of TrueCrypt",
         .asks = true,
         .type = "",
         .steps = {"+etc/crypttab s{n} /dev/disk/by-id/dev-{A} none tcrypt"}},
        /* systemd-cryptsetup-generator(8), dracut.cmdline(7) */
        {.name = "rd.luks.uuid= asks", .asks = true, .steps = {"!rd.luks.uuid={A.uuid}"}},
        {.name = "luks.uuid= asks", .asks = true, .steps = {"!luks.uuid={A.uuid}"}},
        {.name = "rd.luks.name= asks", .asks = true, .steps = {"!rd.luks.name={A.uuid}=root"}},
        {.name = "luks.name= asks", .asks = true, .steps = {"!luks.name={A.uuid}=root"}},
        {.name = "rd.luks.uuid= asks, on I2C",
         .asks = true,
         .keyboard = I2C_KEYBOARD,
         .steps = {"!rd.luks.uuid=luks-{A.uuid}"}},
        {.name = "cryptdevice= asks", .asks = true, .steps = {"!cryptdevice=UUID={A.uuid}:root"}},
        {.name = "cryptopts= asks", .asks = true, .steps = {"!cryptopts=source=UUID={A.uuid},target=root"}},
};

const struct shape_table people_shapes = {PEOPLE, rows, COUNT(rows)};
