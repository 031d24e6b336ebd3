# Interfaces that the host's network configuration declares are refused, whether they carry anything or not; the card beside them is taken.

load product
load tree
load tree-guard

MACS=(x 52:54:00:aa:00:01 52:54:00:aa:00:02 52:54:00:aa:00:03)

# Three cards that carry nothing; a rule takes any. What the host answers on is none of them.
setup() {
    candidates 0000:01:00.0 0000:02:00.0 0000:03:00.0
    tree_again guard-declared && return
    tree_new
    tags sda2 UUID=$ROOT_UUID TYPE=ext4
    local i
    for i in 1 2 3; do
        root_port 0000:00:0$i.0 0$i
        pci_add 0000:0$i:00.0 8086:10d3 0200 under=0000:00:0$i.0 group=$i driver=e1000e
        nic eno$i 0000:0$i:00.0 up
        put "/sys/$(net_dir eno$i)/address" "${MACS[i]}"
        put "/sys/$(net_dir eno$i)/addr_assign_type" 0
        put "/sys/$(net_dir eno$i)/ifindex" "$((i + 1))"
    done
    rule nic '[Match]' Class=network '[Device]' Expect=0-
    tree_keep guard-declared
}

# declared FILE: eno1 is refused, with the file at the end of its chain, and its neighbours are taken.
declared() {
    needs 0000:01:00.0 "eno1 ← $1"
}

# by_pattern WHAT [ADDRESS]...: these (or the first alone) are refused for a reason that says WHAT.
by_pattern() {
    local what=$1 address
    local -a free=("${CANDIDATES[@]}")
    shift
    plan
    exits 1 || return 1
    for address in "${@:-0000:01:00.0}"; do
        refused "$address" "$what" || return 1
        free=("${free[@]/#$address/}")
    done
    # shellcheck disable=SC2046,SC2116,SC2048,SC2086
    bound $(echo ${free[*]})
}

# needs_exclusion COMMAND: the refusal of eno1 ends with it, ready to be pasted; it works.
needs_exclusion() {
    local reason
    reason=$(get '.devices[] | select(.address == "0000:01:00.0").reason')
    [[ $reason == *": $1" ]] || is "$reason" "... $1" || return 1
    mkdir -p "$ROOT/etc/systemd/network" "$ROOT/etc/NetworkManager/conf.d"
    bash -c "${1/>/>$ROOT}" || return 1
    plan
    bound 0000:01:00.0 || return 1
    rm "$ROOT${1##*>}"
}

# nothing_declared: every card is taken.
nothing_declared() {
    needs_nothing
    exits 0
}

network_manager_runs() { mkdir -p "$ROOT/run/NetworkManager"; }
networkd_runs() { put /run/systemd/netif/state OPER_STATE=routable; }

# --- ifupdown

@test "ifupdown: an interface by its name, without lease, carrier or route" {
    put /etc/network/interfaces 'auto lo' 'iface lo inet loopback' 'allow-hotplug eno1' 'iface eno1 inet dhcp'
    declared /etc/network/interfaces
}

@test "ifupdown: a comment, another interface's name and a part of a name declare nothing" {
    put /etc/network/interfaces '# iface eno1 inet dhcp' 'auto eno10' 'iface eno10 inet dhcp' 'iface xeno1 inet dhcp' 'iface br-eno1 inet dhcp'
    nothing_declared
}

@test "ifupdown: a VLAN that is made of its name, an alias, a bond's and a bridge's port" {
    put /etc/network/interfaces 'iface eno1.5 inet dhcp' 'iface eno2:1 inet dhcp' 'iface br0 inet dhcp' ' bridge_ports eno3'
    needs 0000:01:00.0 'eno1 ← /etc/network/interfaces' 0000:02:00.0 'eno2 ← /etc/network/interfaces' \
        0000:03:00.0 'eno3 ← /etc/network/interfaces'
}

@test "ifupdown: interfaces.d, source with a pattern, a relative one, source-directory" {
    put /etc/network/interfaces.d/uplink 'iface eno1 inet dhcp'
    declared /etc/network/interfaces.d/uplink
    rm -r "$ROOT/etc/network"
    put /etc/network/interfaces 'source /etc/net-parts/*.cfg'
    put /etc/net-parts/a.cfg 'iface eno1 inet dhcp'
    put /etc/net-parts/b.txt 'iface eno2 inet dhcp'
    declared /etc/net-parts/a.cfg
    put /etc/network/interfaces 'source more/one'
    put /etc/network/more/one 'iface eno1 inet dhcp'
    declared /etc/network/more/one
    put /etc/network/interfaces 'source-directory more'
    declared /etc/network/more/one
}

@test "ifupdown: a source that goes in a circle, or has a pattern in a directory's name, clears no card" {
    put /etc/network/interfaces 'source interfaces'
    unclear 'not followed' "${CANDIDATES[@]}"
    put /etc/network/interfaces 'source /etc/*/net'
    unclear 'not followed' "${CANDIDATES[@]}"
}

@test "ifupdown: patterns, of names and of a bridge's ports; a pattern in a command is none" {
    put /etc/network/interfaces 'auto /eno[12]*=x'
    by_pattern '/etc/network/interfaces, by a pattern' 0000:01:00.0 0000:02:00.0
    put /etc/network/interfaces 'iface br0 inet dhcp' ' bridge_ports all'
    by_pattern '/etc/network/interfaces, by a pattern' "${CANDIDATES[@]}"
    put /etc/network/interfaces 'iface lo inet loopback' ' up echo 1 | tee /proc/sys/net/*'
    nothing_declared
}

@test "configuration that cannot be read, is cut off or is no text clears no card, nor a USB controller" {
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    pci_add 0000:00:15.0 1002:aa38 0403 group=8 driver=snd_hda_intel
    usb_bus 1 0000:00:14.0
    usb_device 1-2 0bda:8153 ff
    usb_nic enx0 1-2
    rule more '[Match]' 'Class=usb audio' '[Device]' Expect=0-
    candidates "${CANDIDATES[@]}" 0000:00:14.0 0000:00:15.0
    mkdir -p "$ROOT/etc/network/interfaces"
    unclear '/etc/network/interfaces cannot be read' "${CANDIDATES[@]:0:4}"
    rmdir "$ROOT/etc/network/interfaces"
    printf 'iface eno9 inet dhcp\niface en' >"$ROOT/etc/network/interfaces"
    unclear 'does not end with a line end' "${CANDIDATES[@]:0:4}"
    printf 'iface\0 eno9 inet dhcp\n' >"$ROOT/etc/network/interfaces"
    unclear 'is not text' "${CANDIDATES[@]:0:4}"
    rm -r "$ROOT/etc/network"
    mkdir -p "$ROOT/etc/netplan"
    ln -s nowhere "$ROOT/etc/netplan/50.yaml"
    unclear '/etc/netplan/50.yaml cannot be read' "${CANDIDATES[@]:0:4}"
    rm -r "$ROOT/etc/netplan"
    needs_nothing
}

# --- netplan, wicked, ifcfg

@test "netplan: by name, by address, by pattern, in each of its directories" {
    put /etc/netplan/50.yaml network: '  ethernets:' '    eno1:' '      dhcp4: true'
    declared /etc/netplan/50.yaml
    rm -r "$ROOT/etc/netplan"
    put /run/netplan/50.yaml 'network: {ethernets: {lan: {match: {macaddress: "52:54:00:AA:00:01"}}}}'
    declared /run/netplan/50.yaml
    rm -r "$ROOT/run/netplan"
    put /usr/lib/netplan/50.yaml network: '  ethernets:' '    any:' '      match:' '        name: "en*"'
    by_pattern '/usr/lib/netplan/50.yaml, by a pattern' "${CANDIDATES[@]}"
    put /usr/lib/netplan/50.yaml network: '  bonds:' '    bond0:' '      interfaces: [eno1, eno9]'
    declared /usr/lib/netplan/50.yaml
}

@test "ifcfg: by the file's name, by address, as a bridge's port; of Red Hat's and of wicked" {
    put /etc/sysconfig/network-scripts/ifcfg-eno1 ONBOOT=yes
    declared /etc/sysconfig/network-scripts/ifcfg-eno1
    rm -r "$ROOT/etc/sysconfig"
    put /etc/sysconfig/network-scripts/ifcfg-lan HWADDR=52:54:00:AA:00:01
    declared /etc/sysconfig/network-scripts/ifcfg-lan
    rm -r "$ROOT/etc/sysconfig"
    put /etc/sysconfig/network/ifcfg-br0 "BRIDGE_PORTS='eno1'" STARTMODE=auto
    declared /etc/sysconfig/network/ifcfg-br0
}

# --- the command line

@test "the command line: ip=, bootdev=, ifname=, bond=, vlan=, rd.route=, BOOTIF=" {
    local token line
    line=$(<"$ROOT/proc/cmdline")
    for token in ip=eno1:dhcp ip=192.0.2.2::192.0.2.1:255.255.255.0:host:eno1:off bootdev=eno1 ifname=lan0:52:54:00:aa:00:01 \
        bond=bond0:eno1,eno9:mode=active-backup vlan=eno1.5:eno1 bridge=br0:eno1 team=team0:eno1 rd.route=192.0.2.0/24:192.0.2.1:eno1 \
        BOOTIF=01-52-54-00-aa-00-01; do
        printf '%s %s\n' "$line" "$token" >"$ROOT/proc/cmdline"
        declared "${token%%=*}= of the command line" || return 1
    done
    printf '%s ip=dhcp root2=eno1\n' "$line" >"$ROOT/proc/cmdline"
    nothing_declared
}

@test "the firmware's iSCSI table has the address of the card that the root is behind" {
    put /sys/firmware/ibft/ethernet0/mac 52:54:00:AA:00:01
    put /sys/firmware/ibft/target0/ip-addr 192.0.2.9
    declared "the firmware's iSCSI table"
    rm "$ROOT/sys/firmware/ibft/ethernet0/mac"
    unclear '/sys/firmware/ibft/ethernet0/mac cannot be read' "${CANDIDATES[@]}"
}

# --- networkd

@test "networkd: by name, and by either address, whether it runs or not" {
    put /etc/systemd/network/20-lan.network '[Match]' 'Name=eno9 eno1' '[Network]' DHCP=yes
    declared /etc/systemd/network/20-lan.network
    put /etc/systemd/network/20-lan.network '[Match]' MACAddress=52:54:00:AA:00:01 '[Network]' DHCP=yes
    declared /etc/systemd/network/20-lan.network
    put /etc/systemd/network/20-lan.network '[Match]' PermanentMACAddress=52:54:00:aa:00:01 '[Network]' Bridge=br0
    declared /etc/systemd/network/20-lan.network
}

@test "networkd: names that udev has for it, and its path" {
    put /run/udev/data/n2 E:ID_NET_NAME_PATH=enp1s0 E:ID_PATH=pci-0000:01:00.0 E:ID_NET_DRIVER=e1000e
    put /run/udev/data/n3 E:ID_NET_NAME_PATH=enp2s0 E:ID_PATH=pci-0000:02:00.0 E:ID_NET_DRIVER=e1000e
    put /run/udev/data/n4 E:ID_NET_NAME_PATH=enp3s0 E:ID_PATH=pci-0000:03:00.0 E:ID_NET_DRIVER=igb
    put /etc/systemd/network/20-lan.network '[Match]' Name=enp1s0
    declared /etc/systemd/network/20-lan.network
    networkd_runs
    put /etc/systemd/network/20-lan.network '[Match]' 'Path=pci-0000:01:*'
    by_pattern '← /etc/systemd/network/20-lan.network, by a pattern'
    put /etc/systemd/network/20-lan.network '[Match]' Driver=igb
    by_pattern '← /etc/systemd/network/20-lan.network, by a pattern' 0000:03:00.0
    rm "$ROOT/run/udev/data/n4"
    mkdir "$ROOT/run/udev/data/n4"
    put /etc/systemd/network/20-lan.network '[Match]' Name=enp9s0
    unclear '/run/udev/data/n4 cannot be read' "${CANDIDATES[@]}"
}

@test "networkd: a pattern counts where it runs or is enabled, and the exclusion is printed; what is excluded is taken" {
    put /etc/systemd/network/20-all.network '[Match]' 'Name=en*' '[Network]' DHCP=yes
    nothing_declared
    networkd_runs
    by_pattern '20-all.network, by a pattern' "${CANDIDATES[@]}"
    needs_exclusion "printf '[Match]\nName=eno1\n[Link]\nUnmanaged=yes\n' >/etc/systemd/network/00-eno1.network"
    put /etc/systemd/network/00-eno2.network '[Match]' Name=eno2 '[Link]' Unmanaged=yes
    by_pattern '20-all.network, by a pattern' 0000:01:00.0 0000:03:00.0
    rm -r "$ROOT/run/systemd"
    mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants"
    ln -s /usr/lib/systemd/system/systemd-networkd.service "$ROOT/etc/systemd/system/multi-user.target.wants"
    by_pattern '20-all.network, by a pattern' 0000:01:00.0 0000:03:00.0
}

@test "networkd: the first file that matches decides; one of that name in /etc masks, and drop-ins count" {
    networkd_runs
    put /usr/lib/systemd/network/80-all.network '[Match]' Type=ether '[Network]' DHCP=yes
    by_pattern '80-all.network, by a pattern' "${CANDIDATES[@]}"
    mkdir -p "$ROOT/etc/systemd/network"
    ln -s /dev/null "$ROOT/etc/systemd/network/80-all.network"
    nothing_declared
    rm "$ROOT/etc/systemd/network/80-all.network"
    put /etc/systemd/network/80-all.network.d/no.conf '[Link]' Unmanaged=yes
    nothing_declared
    put /etc/systemd/network/30-one.network '[Match]' Name=eno1
    declared /etc/systemd/network/30-one.network
}

@test "networkd: what a file asks that cannot be told here declares, and excludes nothing" {
    networkd_runs
    put /etc/systemd/network/20-host.network '[Match]' Host=elsewhere '[Network]' DHCP=yes
    by_pattern '20-host.network, by a pattern' "${CANDIDATES[@]}"
    put /etc/systemd/network/20-host.network '[Match]' Host=elsewhere '[Link]' Unmanaged=yes
    nothing_declared
    put /etc/systemd/network/30-all.network '[Match]' 'Name=!eno3'
    by_pattern '30-all.network, by a pattern' 0000:01:00.0 0000:02:00.0
    put /etc/systemd/network/30-all.network '[Match]' Kind=veth 'Name=*'
    nothing_declared
    put /etc/systemd/network/30-all.network '[Match]' Type=ether 'Kind=!*'
    by_pattern '30-all.network, by a pattern' "${CANDIDATES[@]}"
    put /etc/systemd/network/30-all.network '[Match]' 'Name=eno9 \' '    eno1'
    declared /etc/systemd/network/30-all.network
}

# --- NetworkManager

@test "NetworkManager: profiles by name and by address, whether it runs or not" {
    put '/etc/NetworkManager/system-connections/Lan.nmconnection' '[connection]' type=ethernet interface-name=eno1
    declared /etc/NetworkManager/system-connections/Lan.nmconnection
    rm -r "$ROOT/etc/NetworkManager"
    put '/run/NetworkManager/system-connections/Lan.nmconnection' '[connection]' type=ethernet '[ethernet]' mac-address=52:54:00:AA:00:01
    put /usr/lib/NetworkManager/conf.d/10.conf '[keyfile]' 'unmanaged-devices=*'
    declared /run/NetworkManager/system-connections/Lan.nmconnection
}

@test "NetworkManager manages what is not excluded, where it runs or is enabled, and the exclusion is printed" {
    nothing_declared
    network_manager_runs
    by_pattern '← NetworkManager, ' "${CANDIDATES[@]}"
    needs_exclusion "printf '[keyfile]\nunmanaged-devices+=interface-name:eno1\n' >/etc/NetworkManager/conf.d/90-eno1.conf"
    put /etc/NetworkManager/NetworkManager.conf '[keyfile]' 'unmanaged-devices=mac:52:54:00:aa:00:02;type:wifi'
    by_pattern 'NetworkManager' 0000:01:00.0 0000:03:00.0
    put /etc/NetworkManager/conf.d/90-eno3.conf '[keyfile]' 'unmanaged-devices+=interface-name:eno3'
    by_pattern 'eno1 ← NetworkManager'
    put /etc/NetworkManager/conf.d/95.conf '[keyfile]' 'unmanaged-devices=interface-name:eno[12]*'
    by_pattern 'eno3 ← NetworkManager' 0000:03:00.0
    rm -r "$ROOT/run/NetworkManager"
    nothing_declared
    mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants"
    ln -s /usr/lib/systemd/system/NetworkManager.service "$ROOT/etc/systemd/system/multi-user.target.wants"
    by_pattern 'eno3 ← NetworkManager' 0000:03:00.0
}

@test "NetworkManager: all but, as on Ubuntu's servers; an empty file of that name takes it back" {
    network_manager_runs
    put /usr/lib/NetworkManager/conf.d/10-globally-managed-devices.conf '[keyfile]' 'unmanaged-devices=*,except:type:wifi,except:type:gsm'
    nothing_declared
    put /usr/lib/NetworkManager/conf.d/10-globally-managed-devices.conf '[keyfile]' 'unmanaged-devices=*,except:interface-name:eno1'
    by_pattern 'eno1 ← NetworkManager'
    mkdir -p "$ROOT/run/NetworkManager/conf.d"
    : >"$ROOT/run/NetworkManager/conf.d/10-globally-managed-devices.conf"
    by_pattern 'NetworkManager' "${CANDIDATES[@]}"
}

@test "NetworkManager leaves alone what udev tells it to" {
    network_manager_runs
    put /run/udev/data/n2 E:NM_UNMANAGED=1
    by_pattern NetworkManager 0000:02:00.0 0000:03:00.0
}

@test "a bond that is declared: its ports of this moment, too" {
    net_over bond0 eno1 eno2
    put /etc/network/interfaces 'iface bond0 inet dhcp'
    needs 0000:01:00.0 'eno1 ← bond0 ← /etc/network/interfaces' 0000:02:00.0 'eno2 ← bond0 ← /etc/network/interfaces'
}

@test "a port of a bond is known by the address of its own" {
    put "/sys/$(net_dir eno1)/address" 52:54:00:aa:00:02
    put "/sys/$(net_dir eno1)/bonding_slave/perm_hwaddr" 52:54:00:aa:00:01
    put /etc/netplan/1.yaml '  match: {macaddress: "52:54:00:aa:00:01"}'
    declared /etc/netplan/1.yaml
}

# --- no uplink

@test "a host that shows and declares no uplink clears no network controller, no USB controller and no modem" {
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    pci_add 0000:00:15.0 8086:1234 0703 group=8 driver=serial
    pci_add 0000:00:16.0 1002:5159 0403 group=52 driver=snd_hda_intel
    rule more '[Match]' 'Class=usb 0703 audio' '[Device]' Expect=0-
    candidates "${CANDIDATES[@]}" 0000:00:14.0 0000:00:15.0 0000:00:16.0
    needs_nothing
    no_uplink
    unclear Uplink= "${CANDIDATES[@]:0:5}"
    put /etc/passthrough.conf '[Host]' Uplink=none
    needs_nothing
    put /etc/passthrough.conf '[Host]' Uplink=eno1
    needs 0000:01:00.0 'eno1 ← Uplink= of passthrough.conf'
    put /etc/passthrough.conf '[Host]' Uplink=eno9
    unclear 'names eno9, which is not here' "${CANDIDATES[@]:0:5}"
    rm "$ROOT/etc/passthrough.conf"
    mkdir "$ROOT/etc/passthrough.conf"
    plan
    exits 2
    refused 0000:01:00.0 'passthrough.conf, which may have Uplink=, cannot be read as a whole'
    bound 0000:00:16.0
    rmdir "$ROOT/etc/passthrough.conf"
    default_route eno1
    needs 0000:01:00.0 'eno1 ← default route'
}

@test "a route of a virtual interface alone is no uplink; a declared interface is one" {
    no_uplink
    net_interface virbr0 devices/virtual/net/virbr0 up
    net_address virbr0
    unclear Uplink= "${CANDIDATES[@]}"
    put /etc/network/interfaces 'iface eno1 inet dhcp'
    declared /etc/network/interfaces
}

@test "a declared bridge without ports says that no uplink is meant; one with ports does not" {
    no_uplink
    put /etc/network/interfaces 'iface br0 inet static' ' bridge_ports none'
    needs_nothing
    rm -r "$ROOT/etc/network"
    put /etc/systemd/network/br0.netdev '[NetDev]' Name=br0 Kind=bridge
    needs_nothing
    put /etc/systemd/network/port.network '[Match]' Name=enp9s0 '[Network]' Bridge=br0
    unclear Uplink= "${CANDIDATES[@]}"
}

@test "Uplink= is none alone, or names; of several files the last counts" {
    no_uplink
    local value
    for value in 'none eno1' eno1/2 'en*' eno1,eno2 a-name-too-long-for-one; do
        put /etc/passthrough.conf '[Host]' "Uplink=$value"
        plan
        exits 2
        [[ $stderr == *"Uplink=$value"* ]] || { echo "$value: $stderr" && return 1; }
        refused 0000:01:00.0 'passthrough.conf, which may have Uplink=, cannot be read as a whole' || return 1
    done
    put /etc/passthrough.conf '[Host]' Uplink=none
    put /etc/passthrough.conf.d/host.conf '[Host]' 'Uplink=eno1 eno2'
    needs 0000:01:00.0 'eno1 ← Uplink= of passthrough.conf' 0000:02:00.0 'eno2 ← Uplink= of passthrough.conf'
}
