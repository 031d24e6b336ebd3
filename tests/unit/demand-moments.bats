#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Stage=demand at moments at which the device, the rule or the record is another than when the service was started.

load product
load tree-boot
load tree-guard
load live
load tree
load drivers

A=0000:01:00.0 B=0000:02:00.0 C=0000:03:00.0

setup() {
    tree_again demand-moments && return
    tree_new
    local address n=0
    for address in $A $B $C; do
        n=$((n + 1))
        root_port 0000:00:0$n.0 0$n
        pci_add $address 1234:11e8 00ff under=0000:00:0$n.0 group=$n
        pci_set $address native e1000e
        pci_bind $address e1000e
    done
    pci_set $A driver_override e1000e
    driver_present vfio-pci
    put /sys/bus/pci/drivers_probe
    mkdir -p "$ROOT"/sys/module/vfio_iommu_type1
    rule cards '[Match]' Address="$A $B" '[Device]' Expect=2 Stage=demand
    process 1 systemd
    tree_keep demand-moments
}

start() { with "${@:2}" -- passthrough-bind --rule="$1"; }
stop() { with "${@:2}" -- passthrough-demand --give-back="$1"; }
stage() { with SYSTEMD_IN_INITRD=1 -- passthrough-bind --stage="$1"; }

drivers() {
    local address override all=
    for address in $A $B $C; do
        override=$(tr -d '\n' <"$(pci_file $address driver_override)")
        override=${override/(null)/}
        all+="$(basename "$(readlink "$(pci_file $address driver)")") ${override:--}, "
    done
    echo "${all%, }"
}

HOST='e1000e e1000e, e1000e -, e1000e -' TAKEN='vfio-pci vfio-pci, vfio-pci vfio-pci, e1000e -'

have() { is "$(drivers)" "$1" "$2"; }

@test "another device that is plugged in at the same address meanwhile has a way back of its own" {
    start cards
    exits 0
    pci_remove $B
    pci_add $B 8086:1533 00ff under=0000:00:02.0 group=2
    driver_present igb
    pci_set $B native igb
    pci_bind $B igb
    pci_set $B driver_override igb
    start cards
    exits 0
    have "$TAKEN" 'started anew'
    ctl status --json
    exits 0
    is "$(get '.devices[] | "\(.address) \(.id) \(.from)"')" "$A 1234:11e8 e1000e $B 8086:1533 igb" devices
    stop cards
    exits 0
    have 'e1000e e1000e, igb igb, e1000e -' stopped
}
