/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sysfs does not tell of interfaces: those in another network namespace, and what PPP goes over. */
#include <fcntl.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/parts.h"
#include "guard/source.h"

#define TERMINALS "/sys/class/tty"

/* Something on that way may be the host's. */
static void claim(struct graph *g, const char *link, const char *why)
{
        size_t node = guard_add(g, NODE_FILE, "", link);

        g->evidence->nodes[node].claim = why;
}

/* The devices of a driver on a bus, of which each makes an interface. */
/* USB's class 0a: the network interface is at the interface of USB that controls it (USB CDC 1.2, 3.4.2). */
static bool carries_data(struct graph *g, const char *dir, const char *name)
{
        char class[8];

        return strchr(name, ':') &&
               guard_attribute(g, arena_join(g->arena, dir, "/", name, "/bInterfaceClass", NULL), class,
                               sizeof(class)) > 0 &&
               streq(class, "0a");
}

static void driver_devices(struct graph *g, const char *bus, const char *driver)
{
        const char *dir = arena_join(g->arena, "/sys/bus/", bus, "/drivers/", driver, NULL), **names;
        _cleanup_(close_fd) int fd = root_open_at(g->root, dir, O_PATH | O_DIRECTORY);
        char link[PATH_MAX];
        size_t n;

        if (guard_list(g, dir, &names, &n) == SOURCE_UNREADABLE)
                guard_unknown(g, &g->evidence->network_unknown, "%s cannot be read", dir);
        for (size_t i = 0; i < n; i++)
                /* "1-2:1.0", "virtio0"; not "module" and the files. */
                if (strpbrk(names[i], "0123456789") && !carries_data(g, dir, names[i]) &&
                    !root_exists(g->root, arena_join(g->arena, dir, "/", names[i], "/net", NULL)))
                        claim(g, guard_link(g, fd, dir, names[i], link),
                              arena_printf(g->arena,
                                           "driver %s has %s, and its interface does not show: another network "
                                           "namespace may have it",
                                           driver, names[i]));
}

void guard_astray(struct graph *g)
{
        static const char *const usb[] = {"r8152",        "ax88179_178a", "asix",      "cdc_ether", "cdc_ncm",
                                          "cdc_mbim",     "rndis_host",   "smsc75xx",  "smsc95xx",  "lan78xx",
                                          "qmi_wwan",     "aqc111",       "dm9601",    "mcs7830",   "pegasus",
                                          "rtl8150",      "sr9700",       "sr9800",    "ipheth",    "huawei_cdc_ncm",
                                          "rtl8xxxu",     "mt76x0u",      "mt76x2u",   "mt7921u",   "mt7925u",
                                          "rtw88_8822bu", "rtw88_8821cu", "ath9k_htc", "rt2800usb", "brcmfmac"};

        for (size_t i = 0; i < ARRAY_SIZE(usb); i++)
                driver_devices(g, "usb", usb[i]);
        driver_devices(g, "virtio", "virtio_net");
}

static void lines_of(struct graph *g, const char *ppp)
{
        _cleanup_(close_fd) int fd = root_open_at(g->root, TERMINALS, O_PATH | O_DIRECTORY);
        const char **names;
        char link[PATH_MAX];
        size_t n;

        if (guard_list(g, TERMINALS, &names, &n) == SOURCE_UNREADABLE) {
                guard_unknown(g, &g->evidence->network_unknown, "cannot see what %s goes over", ppp);
                /* Serial ports are judged by this one. */
                guard_unknown(g, &g->evidence->consoles_unknown, "cannot see what %s goes over", ppp);
        }
        for (size_t i = 0; i < n; i++)
                claim(g, guard_link(g, fd, TERMINALS, names[i], link),
                      arena_join(g->arena, ppp, " may go over ", names[i], NULL));
}

/*
 * Of PPP over Ethernet the kernel tells (drivers/net/ppp/pppoe.c): "Id Address Device", with a heading. Which line
 * another one goes over it does not.
 */
void guard_ppp(struct graph *g)
{
        size_t sessions = 0, n_nodes = g->evidence->n_nodes, n;
        const char **f, *rest, *text = guard_table(g, "/proc/net/pppoe");

        for (rest = text; guard_fields(g->arena, &rest, &f, &n);)
                sessions += n >= 3 && guard_find(g, NODE_INTERFACE, f[2]) != NO_NODE;
        for (size_t i = 0; i < n_nodes; i++) {
                if (g->evidence->nodes[i].kind != NODE_INTERFACE || !startswith(g->evidence->nodes[i].name, "ppp"))
                        continue;
                if (sessions-- == 0) {
                        lines_of(g, g->evidence->nodes[i].name);
                        return;
                }
                for (rest = text; guard_fields(g->arena, &rest, &f, &n);)
                        if (n >= 3)
                                guard_stand(g, i, guard_find(g, NODE_INTERFACE, f[2]));
        }
}
