/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bus/pci/line.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/str.h"
#include "bus/pci/files.h"
#include "bus/pci/pci.h"

/* linux/pci_regs.h */
#define COMMAND              0x04
#define COMMAND_INTX_DISABLE 0x400
#define STATUS               0x06
#define STATUS_CAP_LIST      0x10
#define CAPABILITY_LIST      0x34
#define INTERRUPT_PIN        0x3d
#define CAP_ID_MSI           0x05
#define CAP_ID_EXP           0x10
#define CAP_ID_MSIX          0x11
#define CONFIG_SIZE          256

/* Whether it can interrupt by its line alone. All but the first 64 bytes is for root. */
static bool line_alone(const struct pci_dir *dir, bool *ret_shares)
{
        unsigned char config[CONFIG_SIZE];
        _cleanup_(close_fd) int file = pci_open_config(dir);
        ssize_t n = file < 0 ? -1 : pread(file, config, sizeof(config), 0);
        unsigned at;

        if (n <= INTERRUPT_PIN || config[INTERRUPT_PIN] == 0 || config[INTERRUPT_PIN] == 0xff)
                return false;
        *ret_shares = le16(config + COMMAND) & COMMAND_INTX_DISABLE;
        at = config[STATUS] & STATUS_CAP_LIST ? config[CAPABILITY_LIST] & ~3u : 0;
        for (unsigned hops = 0; at && hops < CONFIG_SIZE / 4; hops++) {
                if ((ssize_t)at + 2 > n || config[at] == CAP_ID_MSI || config[at] == CAP_ID_MSIX)
                        return false;
                /* PCI Express Base Specification: whoever interrupts by a line has the bit. */
                *ret_shares |= config[at] == CAP_ID_EXP;
                at = config[at + 1] & ~3u;
        }
        return true;
}

static uint32_t irq_of(const struct pci_dir *dir)
{
        char text[16];
        uint32_t v;

        return pci_read(dir, "irq", text, sizeof(text)) > 0 && str_to_u32(text, 10, &v) ? v : 0;
}

/* Of a function whose driver has asked for MSI there is a directory of these (Documentation/ABI/testing/sysfs-bus-pci).
 */
static bool has_messages(const struct pci_dir *dir)
{
        char none[1];

        return pci_readlink(dir, "msi_irqs", none, sizeof(none)) != -ENOENT;
}

static void add_neighbour(const struct pci_dir *dir, struct arena *a, size_t device, struct pci_line *line)
{
        char driver[PATH_MAX];

        if (irq_of(dir) != line->irq || has_messages(dir) || pci_readlink(dir, "driver", driver, sizeof(driver)) <= 0)
                return;
        *(struct pci_neighbour *)arena_grow(a, &line->neighbours, line->n_neighbours, sizeof(*line->neighbours)) =
                (struct pci_neighbour){.device = device, .driver = str_printable(a, str_basename(driver))};
        line->n_neighbours++;
}

void pci_line_look(const struct root *root, struct arena *a, const struct facts *facts, size_t device,
                   struct pci_line *ret)
{
        _cleanup_(pci_parent_close) struct pci_parent parent = PCI_PARENT_NONE;
        _cleanup_(pci_dir_close) struct pci_dir own = PCI_DIR_NONE;

        *ret = (struct pci_line){};
        if (pci_open(root, &parent, &facts->devices[device], &own) < 0 || !line_alone(&own, &ret->shares))
                return;
        ret->irq = irq_of(&own);
        for (size_t i = 0; ret->irq && i < facts->n_devices; i++) {
                _cleanup_(pci_dir_close) struct pci_dir dir = PCI_DIR_NONE;

                if (i != device && facts->devices[i].bus == &pci_bus &&
                    pci_open(root, &parent, &facts->devices[i], &dir) >= 0)
                        add_neighbour(&dir, a, i, ret);
        }
}
