# The interfaces that the host answers on are refused, with the chain that says how; another card in the same machine is taken.

load product
load tree
load tree-guard

# Three network cards, of which rules may take any; the third is nobody's in every test.
setup() {
    candidates 0000:01:00.0 0000:02:00.0 0000:03:00.0
    tree_again guard-network && return
    tree_new
    tags sda2 UUID=$ROOT_UUID TYPE=ext4
    put /sys/devices/virtual/net/lo/flags 0x9
    link class/net/lo devices/virtual/net/lo
    route6 00000000000000000000000000000001 80 lo
    local i
    for i in 1 2 3; do
        root_port 0000:00:0$i.0 0$i
        pci_add 0000:0$i:00.0 8086:10d3 0200 under=0000:00:0$i.0 group=$i driver=e1000e
        nic eno$i 0000:0$i:00.0 up
    done
    rule nic '[Match]' Class=network '[Device]' Expect=0-
    tree_keep guard-network
}

@test "interfaces that are up and carry nothing are taken" {
    route6 fe800000000000000000000000000000 40 eno1
    route6 ff000000000000000000000000000000 08 eno1
    needs_nothing
    exits 0
}

@test "the default route" {
    default_route eno1
    needs 0000:01:00.0 'eno1 ← default route'
}

@test "the default route, IPv6" {
    route6 00000000000000000000000000000000 00 eno2
    needs 0000:02:00.0 'eno2 ← default route'
}

@test "the unreachable default route that every host has on lo is none" {
    route6 00000000000000000000000000000000 00 lo
    needs_nothing
    exits 0
}

@test "an address without a default route, IPv4 and IPv6" {
    net_address eno1
    net_address6 eno2
    needs 0000:01:00.0 'eno1 ← a route' 0000:02:00.0 'eno2 ← a route'
}

@test "an interface whose name begins another's is not that one" {
    default_route eno1
    nic eno 0000:03:00.0 up
    nic eno10 0000:02:00.0 up
    needs 0000:01:00.0 'eno1 ← default route'
}

@test "a VLAN" {
    net_above eno1.5 eno1
    default_route eno1.5
    needs 0000:01:00.0 'eno1 ← eno1.5 ← default route'
}

@test "a bond: each of its ports" {
    net_over bond0 eno1 eno2
    default_route bond0
    needs 0000:01:00.0 'eno1 ← bond0 ← default route' 0000:02:00.0 'eno2 ← bond0 ← default route'
}

@test "a team: each of its ports" {
    net_over team0 eno1 eno2
    net_address team0
    needs 0000:01:00.0 'eno1 ← team0 ← a route' 0000:02:00.0 'eno2 ← team0 ← a route'
}

@test "macvlan" {
    net_above macvlan0 eno2
    default_route macvlan0
    needs 0000:02:00.0 'eno2 ← macvlan0 ← default route'
}

@test "a bridge over a VLAN over a bond over two cards" {
    net_over bond0 eno1 eno2
    net_above bond0.5 bond0
    net_over br0 bond0.5
    default_route br0
    needs 0000:01:00.0 'eno1 ← bond0 ← bond0.5 ← br0 ← default route' 0000:02:00.0 'eno2 ← bond0 ← bond0.5 ← br0 ← default route'
}

@test "ports of a bond, and of a bridge, that carry nothing are taken" {
    net_over bond0 eno1 eno2
    net_over br0 bond0
    needs_nothing
    exits 0
}

@test "a bridge for guests alone, with an address and no port" {
    net_interface virbr0 devices/virtual/net/virbr0 up
    net_address virbr0
    needs_nothing
    exits 0
}

@test "Open vSwitch: every port of it, since its own interfaces do not say which they go through" {
    net_interface ovs-system devices/virtual/net/ovs-system down
    net_interface ovsbr0 devices/virtual/net/ovsbr0 up
    local port
    for port in eno1 eno2 ovsbr0; do link "$(net_dir $port)/master" devices/virtual/net/ovs-system; done
    printf '0x1002\n' >"$ROOT/sys/$(net_dir eno3)/flags"
    default_route ovsbr0
    plan
    exits 1
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← eno1 ← (ovs-system ← |Open vSwitch$)'
    refused 0000:02:00.0 '^the host needs it: 0000:02:00.0 ← eno2 ← (ovs-system ← |Open vSwitch$)'
    bound 0000:03:00.0
}

@test "a default route over ppp: what it goes through does not show, and is up" {
    net_interface ppp0 devices/virtual/net/ppp0 up
    default_route ppp0
    printf '0x1002\n' >"$ROOT/sys/$(net_dir eno3)/flags"
    unclear ppp0 0000:01:00.0 0000:02:00.0
}

@test "a default route over a tunnel, with interfaces that are up on USB and on functions whose class says nothing" {
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    pci_add 0000:00:15.0 1b36:000d 0c0330 group=8 driver=xhci_hcd
    pci_add 0000:00:19.0 1af4:1041 ff00 group=52 driver=virtio-pci
    usb_bus 1 0000:00:14.0
    usb_bus 2 0000:00:15.0
    usb_device 1-2 0bda:8153 ff
    usb_nic enx0 1-2
    net_interface ens2 "$(pci_dir 0000:00:19.0)/virtio1/net/ens2" up
    net_interface wg0 devices/virtual/net/wg0 up
    default_route wg0
    rule more '[Match]' Class=usb '[Device]' Expect=0-
    rule odd '[Match]' Address=00:19.0
    candidates "${CANDIDATES[@]}" 0000:00:14.0 0000:00:15.0 0000:00:19.0
    unclear wg0 0000:01:00.0 0000:02:00.0 0000:03:00.0 0000:00:14.0 0000:00:19.0
}

@test "a default route over a VLAN whose lower interface is in another name space" {
    net_interface eno9.5 devices/virtual/net/eno9.5 up
    default_route eno9.5
    printf '0x1002\n' >"$ROOT/sys/$(net_dir eno3)/flags"
    unclear eno9.5 0000:01:00.0 0000:02:00.0
}

@test "a VPN's own route besides: what carries the default route is needed, the rest is free" {
    net_interface wg0 devices/virtual/net/wg0 up
    net_address wg0
    default_route eno1
    needs 0000:01:00.0 'eno1 ← default route'
}

@test "root on NFS" {
    root_is '30 1 0:40 / / rw,relatime - nfs 192.0.2.9:/export/root rw,vers=3,addr=192.0.2.9'
    printf 'BOOT_IMAGE=vmlinuz root=/dev/nfs nfsroot=192.0.2.9:/export/root ip=dhcp ro\n' >"$ROOT/proc/cmdline"
    net_address eno1
    needs 0000:01:00.0 'eno1 ← a route'
}

@test "root on NFS, as dracut writes it; disks are free then, and one is taken" {
    root_is '30 1 0:40 / / rw,relatime - nfs4 192.0.2.9:/export/root rw,vers=4.2'
    printf 'BOOT_IMAGE=vmlinuz root=nfs4:192.0.2.9:/export/root ip=eno1:dhcp ro\n' >"$ROOT/proc/cmdline"
    default_route eno1
    pci_add 0000:00:17.0 1b36:0010 010802 group=50 driver=nvme
    disk nvme0n1 259:0 0000:00:17.0
    rule nvme '[Match]' Class=nvme
    candidates "${CANDIDATES[@]}" 0000:00:17.0
    needs 0000:01:00.0 'eno1 ← default route'
}

@test "root on iSCSI: the card that the session goes over; the disk itself hangs off no function" {
    local session=devices/platform/host8/session1
    block sdx 65:112 $session/target8:0:0/8:0:0:1/block/sdx
    block sdx1 65:113 $session/target8:0:0/8:0:0:1/block/sdx/sdx1
    put /sys/class/block/sdx1/partition 1
    put /sys/$session/iscsi_session/session1/targetname iqn.2026-01.example:root
    link class/iscsi_session/session1 $session/iscsi_session/session1
    put /sys/$session/connection1:0/iscsi_connection/connection1:0/persistent_address 192.0.2.9
    put /sys/$session/connection1:0/iscsi_connection/connection1:0/address 192.0.2.9
    link class/iscsi_connection/connection1:0 $session/connection1:0/iscsi_connection/connection1:0
    root_is '30 1 65:113 / / rw,relatime - ext4 /dev/sdx1 rw'
    net_address eno1
    plan
    exits 1
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← eno1 ← (a route|iSCSI session)$'
    bound 0000:02:00.0 0000:03:00.0
}

@test "a virtio card, and one whose class says nothing" {
    pci_add 0000:00:18.0 1af4:1041 0200 group=51 driver=virtio-pci
    pci_add 0000:00:19.0 1af4:1041 ff00 group=52 driver=virtio-pci
    net_interface ens1 "$(pci_dir 0000:00:18.0)/virtio0/net/ens1" up
    net_interface ens2 "$(pci_dir 0000:00:19.0)/virtio1/net/ens2" up
    rule odd '[Match]' ID=1af4:1041 '[Device]' Expect=0-
    candidates "${CANDIDATES[@]}" 0000:00:18.0 0000:00:19.0
    needs_nothing
    default_route ens1
    net_address ens2
    needs 0000:00:18.0 'ens1 ← default route' 0000:00:19.0 'ens2 ← a route'
}

@test "a network adapter on USB; the other USB controller is taken" {
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    pci_add 0000:00:15.0 1b36:000d 0c0330 group=8 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_bus 2 0000:00:15.0
    usb_device 1-2 0bda:8153 ff
    usb_nic enx0 1-2
    default_route enx0
    rule usb '[Match]' Class=usb '[Device]' Expect=0-
    candidates "${CANDIDATES[@]}" 0000:00:14.0 0000:00:15.0
    needs 0000:00:14.0 'enx0 ← default route'
}

@test "a function with two interfaces, of which the second carries a route" {
    nic eno1d1 0000:01:00.0 up
    default_route eno1d1
    needs 0000:01:00.0 'eno1d1 ← default route'
}

@test "the second port of a card whose first one is needed" {
    pci_add 0000:01:00.1 8086:10d3 0200 under=0000:00:01.0 group=53 driver=e1000e
    nic eno9 0000:01:00.1 up
    candidates "${CANDIDATES[@]}" 0000:01:00.1
    default_route eno1
    needs 0000:01:00.0 'eno1 ← default route'
    pci_group 0000:01:00.1 1
    rm "$ROOT/sys/kernel/iommu_groups/53/devices/0000:01:00.1"
    plan
    refused_with 0000:01:00.0 'the host needs it: 0000:01:00.0 ← eno1 ← default route'
    refused 0000:01:00.1 0000:01:00.0
    bound 0000:02:00.0 0000:03:00.0
}

@test "an interface that has a driver, and is nowhere to be seen" {
    rm -r "$ROOT/sys/class/net/eno1" "$(pci_file 0000:01:00.0 net)"
    unclear '' 0000:01:00.0
}

@test "routes that cannot be read clear no card, nor an adapter on USB; interfaces that cannot be read clear no card" {
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_device 1-2 0bda:8153 ff
    usb_nic enx0 1-2
    rule usb '[Match]' Class=usb
    mv "$ROOT/proc/net/route" "$BATS_TEST_TMPDIR/route"
    unclear '' "${CANDIDATES[@]}" 0000:00:14.0
    mv "$BATS_TEST_TMPDIR/route" "$ROOT/proc/net/route"
    rm -r "$ROOT/sys/class/net" "$ROOT/etc/passthrough.d/usb.conf"
    unclear '' "${CANDIDATES[@]}"
}

@test "a route to nowhere is on no interface" {
    add_line /proc/net/route $'*\t0040F40A\t00000000\t0200\t0\t0\t0\t00C0FFFF\t0\t0\t0'
    needs_nothing
    exits 0
}

# --- what /proc/net/route does not have

@test "routes of other tables, and every next hop of a route" {
    put /passthrough-routes 'eno1 254' 'eno2 100' 'lo 255' 'lan0 254'
    needs 0000:01:00.0 'eno1 ← a route' 0000:02:00.0 'eno2 ← a route of table 100'
    put /passthrough-routes 'eno9 100'
    unclear 'eno9 carries a route' "${CANDIDATES[@]}"
}

@test "a port of a VRF, also where the kernel gives a VRF no type" {
    net_over red eno1
    net_over bond0 eno2
    put /sys/devices/virtual/net/bond0/uevent INTERFACE=bond0 DEVTYPE=bond
    needs_nothing
    mkdir "$ROOT/sys/module/vrf"
    needs 0000:01:00.0 'eno1 ← VRF red'
    rmdir "$ROOT/sys/module/vrf"
    put /sys/devices/virtual/net/red/uevent INTERFACE=red DEVTYPE=vrf
    needs 0000:01:00.0 'eno1 ← VRF red'
}

@test "an adapter on USB, and a virtio card of any class, whose interface is in another network namespace" {
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    pci_add 0000:00:15.0 1b36:000d 0c0330 group=8 driver=xhci_hcd
    pci_add 0000:00:19.0 1af4:1041 ff00 group=52 driver=virtio-pci
    usb_bus 1 0000:00:14.0
    usb_bus 2 0000:00:15.0
    usb_device 1-2 0bda:8153 ff
    rule more '[Match]' Class=usb '[Device]' Expect=0-
    rule odd '[Match]' Address=00:19.0
    candidates "${CANDIDATES[@]}" 0000:00:14.0 0000:00:15.0 0000:00:19.0
    needs_nothing
    link bus/usb/drivers/r8152/1-2:1.0 "$(pci_dir 0000:00:14.0)/usb1/1-2/1-2:1.0"
    put "/sys/$(pci_dir 0000:00:19.0)/virtio1/device" 0x0001
    link bus/virtio/drivers/virtio_net/virtio1 "$(pci_dir 0000:00:19.0)/virtio1"
    unclear 'another network namespace' 0000:00:14.0 0000:00:19.0
    mkdir "$ROOT/sys/$(pci_dir 0000:00:14.0)/usb1/1-2/1-2:1.0/net" "$ROOT/sys/$(pci_dir 0000:00:19.0)/virtio1/net"
    needs_nothing
}

@test "PPP: over Ethernet the card that it goes over; else any serial line and modem may be it" {
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    pci_add 0000:00:15.0 1b36:000d 0c0330 group=8 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_device 1-2 12d1:1506 ff
    link class/tty/ttyUSB0 "$(pci_dir 0000:00:14.0)/usb1/1-2/1-2:1.0/ttyUSB0/tty/ttyUSB0"
    rule more '[Match]' Class=usb '[Device]' Expect=0-
    candidates "${CANDIDATES[@]}" 0000:00:14.0 0000:00:15.0
    needs_nothing
    net_interface ppp0 devices/virtual/net/ppp0 up
    unclear 'ppp0 may go over ttyUSB0' 0000:00:14.0
    put /proc/net/pppoe 'Id       Address              Device' '00000A00 52:54:00:12:34:57        eno2'
    default_route ppp0
    needs 0000:02:00.0 'eno2 ← ppp0 ← default route'
}

@test "the half of a USB card that carries data has no interface; the half that controls it has to have one" {
    local dir half
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_device 1-2 0bda:8153 02
    usb_nic enx0 1-2
    default_route eno1
    rule usb '[Match]' Class=usb
    dir=$(readlink "$ROOT/sys/bus/usb/devices/1-2")
    for half in 1-2:1.0 1-2:1.1; do
        put "/sys/${dir#../../../}/$half/bInterfaceClass" 0a
        link "bus/usb/drivers/cdc_ether/$half" "${dir#../../../}/$half"
    done
    put "/sys/${dir#../../../}/1-2:1.0/bInterfaceClass" 02
    plan
    bound 0000:00:14.0 0000:02:00.0 0000:03:00.0
    rm -r "$ROOT/sys/${dir#../../../}/1-2:1.0/net"
    rm "$ROOT/sys/class/net/enx0"
    plan
    refused 0000:00:14.0 'driver cdc_ether has 1-2:1.0, and its interface does not show'
}

# A virtual function is there for as long as its physical one has the host's driver; no rule speaks of it.
@test "the physical function of a virtual one that carries the default route, and an image says so where no virtual one is yet" {
    rm "$ROOT"/etc/passthrough.d/*
    rule card '[Match]' Path=00:04.0/00.0
    root_port 0000:00:04.0 04
    pci_add 0000:04:00.0 1d0f:efa0 1200 under=0000:00:04.0 group=4 driver=efa
    pci_add 0000:04:10.0 1d0f:efa1 0200 under=0000:00:04.0 group=5 driver=efavf physfn=0000:04:00.0 index=0
    put /sys/class/dmi/id/product_uuid 4c4c4544-0000-4000-8000-000000000001
    nic vf0 0000:04:10.0 up
    candidates 0000:04:00.0
    plan
    refused_with 0000:04:00.0 '1 of its virtual functions are enabled; hand those over, or disable them first'
    default_route vf0
    needs 0000:04:00.0 'vf0 ← default route'
    image_built
    pci_remove 0000:04:10.0
    rm -rf "$(pci_file 0000:04:00.0 virtfn0)" "$(pci_file 0000:04:00.0 driver)" "$ROOT"/sys/class/net
    pci_set 0000:04:00.0 sriov_numvfs 0
    put /etc/initrd-release ID=debian
    plan
    refused_with 0000:04:00.0 'the host needed it when this image was built: 0000:04:00.0 ← vf0 ← default route'
}

@test "a link to the physical function that cannot be read frees no function" {
    local captured=$BATS_TEST_TMPDIR/captured physfn
    rm "$ROOT"/etc/passthrough.d/*
    rule card '[Match]' Path=00:04.0/00.0
    root_port 0000:00:04.0 04
    pci_add 0000:04:00.0 8086:1563 0200 under=0000:00:04.0 group=4 driver=ixgbe
    pci_add 0000:04:10.0 8086:1565 0200 under=0000:00:04.0 group=5 driver=ixgbevf physfn=0000:04:00.0 index=0
    nic pf0 0000:04:00.0
    nic vf0 0000:04:10.0 up
    default_route vf0
    pci_set 0000:04:00.0 sriov_numvfs 0
    candidates 0000:04:00.0
    needs 0000:04:00.0 'vf0 ← default route'
    ctl capture --raw "$captured"
    physfn=/sys/$(pci_dir 0000:04:10.0)/physfn
    sed -i "\\|${physfn}\$|d; s|^end .*|unreadable link 5 $physfn\nend|" "$captured/passthrough-capture"
    rm "$captured$physfn"
    ROOT=$captured
    plan
    refused_with 0000:04:00.0 "not cleared: $physfn cannot be read"
}
