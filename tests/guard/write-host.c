/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host does with a machine: mounts, swap, its files in /etc, its command line, routes, consoles; and the
 * rules. */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

struct lines {
        char text[8192];
        size_t n;
};

__attribute__((format(printf, 2, 3))) static void say(struct lines *l, const char *format, ...)
{
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(l->text + l->n, sizeof(l->text) - l->n, format, ap);
        va_end(ap);
        if (n < 0 || (size_t)n >= sizeof(l->text) - l->n)
                errx(2, "too many lines");
        l->n += (size_t)n;
}

static void put_lines(const char *path, const struct lines *l)
{
        put_bytes(path, l->text, l->n);
}

/* A line of mountinfo: btrfs and zfs have numbers of no device. */
static void mounted(const struct machine *m, unsigned index, struct lines *l)
{
        const struct use *u = &m->uses[index];
        const struct pool *p = u->on == ON_POOL ? &m->pools[u->at] : NULL;
        const struct block *b = p ? NULL : &m->blocks[u->at];

        if (p && p->zfs)
                say(l, "%u 22 0:%u / %s rw,relatime shared:9 - zfs %s/data rw,xattr\n", 100 + index, 60 + index,
                    u->where, p->name);
        else if (p)
                say(l, "%u 22 0:%u /@ %s rw,relatime shared:9 - btrfs /dev/%s rw,subvol=/@\n", 100 + index, 60 + index,
                    u->where, m->blocks[p->members[index % p->n_members]].name);
        else
                say(l, "%u 22 %u:%u / %s rw,relatime shared:9 - %s /dev/%s rw\n", 100 + index, b->major, b->minor,
                    u->where, b->type ? b->type : "ext4",
                    *b->map_name && index % 2 ? f("mapper/%s", b->map_name)
                    : index % 5 == 4          ? "root"
                                              : b->name);
}

static void mounts(const struct machine *m)
{
        struct lines l = {.n = 0};

        if (m->no_mountinfo)
                return;
        say(&l, "22 27 0:21 / /proc rw,relatime - proc proc rw\n23 27 0:22 / /sys rw,relatime - sysfs sysfs rw\n"
                "24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw,size=1000k\n"
                "25 27 0:23 / /run rw,nosuid shared:2 - tmpfs tmpfs rw\n");
        if (m->nfs_root)
                say(&l, "21 1 0:20 / / rw,relatime - nfs 192.0.2.9:/export/root rw,vers=3,addr=192.0.2.9\n");
        for (unsigned i = 0; i < m->n_uses; i++)
                if (m->uses[i].source == BY_MOUNT)
                        mounted(m, i, &l);
        put_lines("proc/self/mountinfo", &l);
}

static void swaps(const struct machine *m)
{
        struct lines l = {.n = 0};

        if (m->no_swaps)
                return;
        say(&l, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
        for (unsigned i = 0; i < m->n_uses; i++)
                if (m->uses[i].source == BY_SWAP)
                        say(&l, "/dev/%-35s partition\t999420\t\t0\t\t-2\n", m->blocks[m->uses[i].at].name);
        if (m->swap_file)
                say(&l, "/var/lib/swapfile                       file\t\t999420\t\t0\t\t-3\n");
        put_lines("proc/swaps", &l);
}

static void unit(const struct use *u, unsigned index, const char *what)
{
        if (strcmp(u->where, "none") == 0)
                put(f("etc/systemd/system/dev-swap%u.swap", index), "[Unit]\nDescription=Swap\n\n[Swap]\nWhat=%s\n",
                    what);
        else
                put(f("etc/systemd/system/mnt%u.mount", index),
                    "[Unit]\nDescription=Data\n\n[Mount]\nWhat=%s\nWhere=%s\n", what, u->where);
}

void write_configuration(const struct machine *m)
{
        struct lines fstab = {.n = 0}, crypttab = {.n = 0}, cmdline = {.n = 0};
        char what[200];

        mounts(m);
        swaps(m);
        say(&fstab, "# <file system> <mount point> <type> <options> <dump> <pass>\nproc /proc proc defaults 0 0\n"
                    "tmpfs /tmp tmpfs defaults 0 0\n/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0\n"
                    "/srv/a /srv/b none bind 0 0\n");
        say(&cmdline, "BOOT_IMAGE=/boot/vmlinuz ro quiet intel_iommu=on");
        if (m->nfs_root)
                say(&cmdline, " root=/dev/nfs nfsroot=192.0.2.9:/export/root ip=dhcp");
        if (m->swap_file)
                say(&fstab, "/var/lib/swapfile none swap sw 0 0\n");
        for (unsigned i = 0; i < m->n_uses; i++) {
                const struct use *u = &m->uses[i];
                bool swap = strcmp(u->where, "none") == 0;

                if (u->source < BY_FSTAB || u->source > BY_LUKS)
                        continue;
                spec_text(m, u, what, sizeof(what));
                if (u->source == BY_FSTAB)
                        say(&fstab, "%s %s %s %s 0 2\n", what, u->where, swap ? "swap" : "ext4",
                            i % 3 == 0 ? "noauto,nofail" : "defaults");
                else if (u->source == BY_UNIT)
                        unit(u, i, what);
                else if (u->source == BY_CRYPTTAB)
                        say(&crypttab, "%s %s %s luks\n", u->where, what,
                            u->key_file  ? "/etc/keys/key"
                            : i % 2 == 0 ? "none"
                                         : "-");
                else if (u->source == BY_LUKS)
                        say(&cmdline, " rd.luks.uuid=%s%s", i % 2 ? "luks-" : "", what + strlen("UUID="));
                else
                        say(&cmdline, " %s=%s", u->source == BY_ROOT ? "root" : "resume", what);
        }
        for (unsigned i = 0; i < m->n_interfaces; i++)
                if (m->interfaces[i].declared == BY_COMMAND_LINE)
                        say(&cmdline, " ip=%s:dhcp", m->interfaces[i].name);
        say(&cmdline, "%s\n", m->serial != NONE ? " console=tty0" : "");
        put_lines("etc/fstab", &fstab);
        put_lines("etc/crypttab", &crypttab);
        put_lines("proc/cmdline", &cmdline);
        for (unsigned i = 0; i < m->n_rules; i++) {
                const struct rule *r = &m->rules[i];

                if (r->virtual) {
                        put(f("etc/passthrough.d/%02u-rule.conf", i),
                            "[Match]\n%s\n%s\n[Device]\nExpect=0-\n[SR-IOV]\nVirtualFunctions=%s\n", r->match[0],
                            r->match[1], r->virtual);
                        continue;
                }
                put(f("etc/passthrough.d/%02u-rule.conf", i), "[Match]\n%s\n%s\n[Device]\nExpect=0-\n%s%s%s%s%s%s",
                    r->match[0], r->match[1], r->complete ? "IOMMUGroup=complete\n" : "IOMMUGroup=require\n",
                    r->slot         ? "Functions=slot\n"
                    : r->match_only ? "Functions=match\n"
                                    : "",
                    r->native ? "Driver=native\n" : "", r->allow_boot_display ? "AllowBootDisplay=yes\n" : "",
                    m->on_demand && !r->native ? "Stage=demand\n"
                    : r->stage_root            ? "Stage=root\n"
                                               : "",
                    "");
        }
}

/* --- network */

static void write_interface(const struct machine *m, const struct interface *i)
{
        char dir[220];

        TEXT(dir, "sys/%s", i->dir);
        make_dirs(dir);
        put(f("%s/flags", dir), "0x%x\n", i->up ? 0x1003 : 0x1002);
        put(f("%s/operstate", dir), "%s\n", i->up ? "up" : "down");
        put(f("%s/type", dir), "%d\n", i->kind == TUNNEL ? 512 : 1);
        put(f("%s/uevent", dir), "INTERFACE=%s\nIFINDEX=%d\n", i->name, (int)(i - m->interfaces) + 2);
        if (i->kind != TUNNEL)
                put(f("%s/address", dir), "%s\n", i->mac);
        if (!m->no_net)
                link_sys(f("class/net/%s", i->name), i->dir);
        if (i->function != NONE)
                link_sys(f("%s/device", i->dir), m->functions[i->function].dir);
        for (unsigned k = 0; k < i->n_lower; k++) {
                const struct interface *lower = &m->interfaces[i->lower[k]];

                /* Ports of Open vSwitch that have hardware are linked as a bond's are; its own ones have a master
                 * alone. */
                if (lower->kind != OVS_INTERNAL) {
                        link_sys(f("%s/lower_%s", i->dir, lower->name), lower->dir);
                        link_sys(f("%s/upper_%s", lower->dir, i->name), i->dir);
                }
        }
        if (i->master != NONE)
                link_sys(f("%s/master", i->dir), m->interfaces[i->master].dir);
}

static void write_declaration(const struct interface *i, struct lines *interfaces)
{
        switch (i->declared) {
        case BY_IFUPDOWN:
        case IN_A_COMMENT:
                say(interfaces, "%siface %s inet dhcp\n", i->declared == IN_A_COMMENT ? "# " : "", i->name);
                break;
        case BY_NETPLAN_MAC:
                put(f("etc/netplan/%s.yaml", i->name),
                    "network:\n  ethernets:\n    lan:\n      match: {macaddress: \"%s\"}\n", i->mac);
                break;
        case BY_NETWORKD:
                put(f("etc/systemd/network/20-%s.network", i->name), "[Match]\nName=%s\n", i->name);
                break;
        case BY_NETWORKD_MAC:
                put(f("run/systemd/network/20-%s.network", i->name), "[Match]\nMACAddress=%s\n[Network]\nDHCP=yes\n",
                    i->mac);
                break;
        case BY_PROFILE:
                put(f("etc/NetworkManager/system-connections/%s.nmconnection", i->name),
                    "[connection]\ntype=ethernet\ninterface-name=%s\n", i->name);
                break;
        case EXCLUDED:
                put(f("etc/systemd/network/10-%s.network", i->name), "[Match]\nName=%s\n[Link]\nUnmanaged=yes\n",
                    i->name);
                put(f("etc/NetworkManager/conf.d/%s.conf", i->name),
                    "[keyfile]\nunmanaged-devices+=interface-name:%s\n", i->name);
                break;
        default:
                break;
        }
}

static void write_declarations(const struct machine *m)
{
        struct lines interfaces = {.n = 0};

        if (m->uplink_none)
                put("etc/passthrough.conf", "[Host]\nUplink=none\n");
        if (m->networkd_all) {
                put("run/systemd/netif/state", "OPER_STATE=routable\n");
                put("usr/lib/systemd/network/80-all.network", "[Match]\nName=*\n[Network]\nDHCP=yes\n");
        }
        if (m->network_manager)
                put("run/NetworkManager/no-stub-resolv.conf", "\n");
        for (unsigned i = 0; i < m->n_interfaces; i++)
                write_declaration(&m->interfaces[i], &interfaces);
        put_lines("etc/network/interfaces", &interfaces);
}

void write_network(const struct machine *m)
{
        struct lines v4 = {.n = 0}, v6 = {.n = 0};

        write_declarations(m);
        if (!m->no_net) {
                put("sys/devices/virtual/net/lo/flags", "0x9\n");
                link_sys("class/net/lo", "devices/virtual/net/lo");
        }
        say(&v4, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
        say(&v6,
            "00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 "
            "00000000 00000003 00000000 80200001       lo\n");
        for (unsigned i = 0; i < m->n_interfaces; i++) {
                write_interface(m, &m->interfaces[i]);
                /* Every interface that is up has these two, and they mean nothing. */
                if (m->interfaces[i].up)
                        say(&v6,
                            "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 "
                            "00000000000000000000000000000000 00000100 00000001 00000000 00000001 %8s\n"
                            "ff000000000000000000000000000000 08 00000000000000000000000000000000 00 "
                            "00000000000000000000000000000000 00000100 00000004 00000000 00000001 %8s\n",
                            m->interfaces[i].name, m->interfaces[i].name);
        }
        for (unsigned i = 0; i < m->n_uses; i++) {
                const struct use *u = &m->uses[i];

                if (u->source != BY_ROUTE)
                        continue;
                if (u->ipv6)
                        say(&v6, "%s 00000000000000000000000000000000 00 %s 00000400 00000005 00000000 00000003 %8s\n",
                            u->is_default ? "00000000000000000000000000000000 00"
                                          : "20010db8000000000000000000000000 40",
                            u->is_default ? "fe800000000000000000000000000001" : "00000000000000000000000000000000",
                            m->interfaces[u->at].name);
                else
                        say(&v4, "%s\t%s\t%s\t%s\t0\t0\t100\t%s\t0\t0\t0\n", m->interfaces[u->at].name,
                            u->is_default ? "00000000" : "0002C80A", u->is_default ? "010200C0" : "00000000",
                            u->is_default ? "0003" : "0001", u->is_default ? "00000000" : "00FFFFFF");
        }
        if (!m->no_route) {
                put_lines("proc/net/route", &v4);
                put_lines("proc/net/ipv6_route", &v6);
        }
}

/* --- people */

/* The keys of an ordinary keyboard; and the buttons of a mouse, which moves. */
static void input(unsigned n, const char *parent, bool keys, bool moves, const char *name)
{
        char dir[300];

        TEXT(dir, "%s/input/input%u", parent, n);
        put(f("sys/%s/capabilities/key", dir), "%s\n",
            keys ? "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe" : "1f0000 0 0 0 0");
        put(f("sys/%s/capabilities/ev", dir), "%s\n", keys ? moves ? "12001f" : "120013" : "17");
        put(f("sys/%s/capabilities/rel", dir), "%s\n", moves ? "1943" : "0");
        put(f("sys/%s/id/vendor", dir), "%s\n", strstr(parent, "1050:") ? "1050" : "046d");
        put(f("sys/%s/name", dir), "%s\n", name);
        link_sys(f("class/input/input%u", n), dir);
        link_sys(f("%s/device", dir), parent);
}

static void usb_node(const char *name, const char *dir, unsigned class, bool token)
{
        put(f("sys/%s/idVendor", dir), "%s\n", token ? "1050" : "046d");
        put(f("sys/%s/idProduct", dir), "%s\n", token ? "0407" : "c31c");
        put(f("sys/%s/bDeviceClass", dir), "%02x\n", class);
        put(f("sys/%s/uevent", dir), "DEVTYPE=usb_device\nDRIVER=usb\n");
        link_sys(f("bus/usb/devices/%s", name), dir);
}

void write_people(const struct machine *m)
{
        struct lines consoles = {.n = 0};
        unsigned n = 0;

        /* A power button is an input device, too. */
        put("sys/devices/LNXSYSTM:00/LNXPWRBN:00/input/input0/capabilities/key", "10000000000000 0\n");
        link_sys("class/input/input0", "devices/LNXSYSTM:00/LNXPWRBN:00/input/input0");
        if (m->ps2_keyboard)
                input(++n, "devices/platform/i8042/serio0", true, false, "A keyboard");
        if (m->virtio_keyboard != NONE)
                input(++n, f("%s/virtio90", m->functions[m->virtio_keyboard].dir), true, false, "A keyboard");
        for (unsigned i = 0; i < m->n_usb; i++) {
                const struct usb_device *u = &m->usb[i];
                char hub[200];

                if (u->i2c) {
                        input(++n, f("%s/0018:04F3:0001.%04u", u->dir, i + 1), u->keyboard, !u->keyboard, "A keyboard");
                        continue;
                }
                TEXT(hub, "%s", u->dir);
                *strrchr(hub, '/') = '\0';
                usb_node(f("usb%u", u->bus), hub, 9, false);
                usb_node(f("%u-1", u->bus), u->dir, 0, u->token);
                input(++n, f("%s/%u-1:1.0/0003:%s.%04u", u->dir, u->bus, u->token ? "1050:0407" : "046D:C31C", i + 1),
                      u->keyboard || u->token || u->mouse, !u->keyboard && !u->token,
                      u->token      ? "Yubico YubiKey OTP+FIDO+CCID"
                      : u->keyboard ? "A keyboard"
                                    : "A mouse");
        }
        say(&consoles, "tty0                 -WU (EC p  )    4:1\n");
        if (m->serial != NONE) {
                const char *dir = m->functions[m->serial].dir;

                dir = m->seed % 2 ? f("%s/tty/ttyS4", dir)
                                  : f("%s/%s:0/%s:0.0/tty/ttyS4", dir, m->functions[m->serial].address,
                                      m->functions[m->serial].address);
                put(f("sys/%s/dev", dir), "4:68\n");
                link_sys("class/tty/ttyS4", dir);
        }
        for (unsigned i = 0; i < m->n_uses; i++)
                if (m->uses[i].source == BY_CONSOLE)
                        say(&consoles, "ttyS4                -W- (E    a)    4:68\n");
        put_lines("proc/consoles", &consoles);
}
