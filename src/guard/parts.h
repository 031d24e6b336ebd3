/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What evidence.c asks, a file each. */

#include "guard/graph.h"

/* What block devices carry for the host: storage.h has the parts. */
void guard_storage(struct graph *g);
/* Interfaces, and the routes that they carry. */
void guard_network(struct graph *g);
/* Whether an interface, or one that it stands on, is no mere idea of the kernel's. */
bool guard_on_hardware(const struct evidence *evidence, size_t node);
/* rtnetlink.c: routes of all tables, with every next hop. */
void guard_rtnetlink(struct graph *g);
/* astray.c: interfaces that are not to be seen. */
void guard_astray(struct graph *g);
/* What PPP goes over: before the routes are looked at. */
void guard_ppp(struct graph *g);
/* declared.c: interfaces that the host's configuration declares. */
void guard_declared(struct graph *g);
/* uplink.c: what [Host] says that the host answers on; and if nothing tells. After all uses of interfaces. */
void guard_uplink(struct graph *g);
/* rdma.c: who uses InfiniBand without an interface, but for who has its nodes open. */
void guard_rdma(struct graph *g);
/* Terminals that are the kernel's consoles: these show early. */
void guard_consoles(struct graph *g);
/* terminals.c: and what else the host talks through, of a host that is up. */
void guard_terminals(struct graph *g);
/* Where a passphrase may be typed. */
void guard_keyboards(struct graph *g);
/* Sets facts->root_on_volumes and facts->lvm_filters. */
void guard_volumes(struct graph *g);

/* sight.c: which sources a later run has to see, too, before it may say that the host needs less. */
void guard_sight(struct graph *g);
/* Interfaces that have an address at this moment. */
void guard_addresses(struct graph *g);
/* Why a device whose driver gives the host something is not known to be free, or NULL. */
const char *guard_children(const struct graph *g, size_t device);
/* Whether the device is one of buses, these could be read, and nothing is on them. */
bool guard_idle(const struct graph *g, size_t device);
/* busy.c: who has devices open at this moment; and of these, who writes to disks as they are. */
void guard_busy(struct graph *g);
void guard_writers(struct graph *g);
/* missing.c: what is declared, or in use in part, that nothing here has: it may be on what nobody has looked at. */
void guard_missing(struct graph *g);
/* plugged.c: why what comes and goes is not known to be free. After all else. */
void guard_plugged(struct graph *g);
/* Who needs a modem's interface needs its ports. After all interfaces. */
void guard_ports(struct graph *g);
/* What is plugged in and given to another machine. */
void guard_lent(struct graph *g);
/* vgpus.c: what is lost with the driver of a device: sets gpus and gpus_unknown of each. */
void guard_vgpus(struct graph *g);
/* vgchange.c: the command that ends the use of a volume group that is merely active. After all uses. */
void guard_vgchange(struct graph *g);
