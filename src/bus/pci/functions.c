/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bus/pci/functions.h"

#include <errno.h>

#include "base/str.h"
#include "bus/pci/files.h"

void pci_functions_look(const struct root *root, const struct device *d, struct pci_functions *ret)
{
        _cleanup_(pci_parent_close) struct pci_parent parent = PCI_PARENT_NONE;
        _cleanup_(pci_dir_close) struct pci_dir dir = PCI_DIR_NONE;
        char text[16];
        ssize_t n;

        *ret = (struct pci_functions){.capable = UNKNOWN};
        if (pci_open(root, &parent, d, &dir) < 0)
                return;
        n = pci_read(&dir, "sriov_totalvfs", text, sizeof(text));
        if (n == -ENOENT || (n > 0 && streq(text, "0")))
                ret->capable = NO;
        else if (n > 0 && str_to_u32(text, 10, &ret->most))
                ret->capable = YES;
}
