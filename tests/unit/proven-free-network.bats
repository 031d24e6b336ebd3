# Machines, a few lines each: what the host needs of its network and its people is refused, with what says so; everything else on them goes.

load product
load tree
load tree-guard

LUKS_UUID=0f0e0d0c-1111-4222-8333-444455556666

# Three cards that carry nothing, two USB controllers, a graphics card and a sound card; rules take all of them. What the host answers on is none.
setup() {
    candidates 0000:01:00.0 0000:02:00.0 0000:03:00.0 0000:00:14.0 0000:00:15.0 0000:04:00.0 0000:05:00.0
    INPUTS=0
    tree_again proven-free && return
    tree_new
    tags sda2 UUID=$ROOT_UUID TYPE=ext4
    part sda3 8:3
    tags sda3 UUID=$LUKS_UUID TYPE=crypto_LUKS
    local i
    for i in 1 2 3; do
        root_port 0000:00:0$i.0 0$i
        pci_add 0000:0$i:00.0 8086:10d3 0200 under=0000:00:0$i.0 group=$i driver=e1000e
        nic eno$i 0000:0$i:00.0 up
        put "/sys/$(net_dir eno$i)/address" 52:54:00:aa:00:0$i
        put "/sys/$(net_dir eno$i)/addr_assign_type" 0
        put "/sys/$(net_dir eno$i)/ifindex" "$((i + 1))"
    done
    root_port 0000:00:04.0 04
    root_port 0000:00:05.0 05
    pci_add 0000:04:00.0 1002:5159 0300 under=0000:00:04.0 group=4 boot_vga=0
    pci_add 0000:05:00.0 1002:aa38 0403 under=0000:00:05.0 group=5 driver=snd_hda_intel
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    pci_add 0000:00:15.0 1b36:000d 0c0330 group=8 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_bus 2 0000:00:15.0
    mkdir -p "$ROOT/sys/class/input" "$ROOT/etc"
    rule all '[Match]' 'Class=network display audio usb' '[Device]' Expect=0-
    tree_keep proven-free
}

# crypttab KEY [OPTIONS]: one disk, of no use at boot but for its line.
crypttab() {
    put /etc/crypttab "secret UUID=$LUKS_UUID $1 ${2-luks}"
}

# vendor N ID: of an input device.
vendor() {
    mkdir "$ROOT/sys/class/input/input$1/id"
    echo "$2" >"$ROOT/sys/class/input/input$1/id/vendor"
}

# undriven ADDRESS: no driver has made its interface yet.
undriven() {
    local name
    for name in "$(pci_file "$1" net)"/*; do rm -r "$ROOT/sys/class/net/${name##*/}" "$name"; done
    rm "$(pci_file "$1" driver)"
}

# judge NAME: the machine as it is; those of $withheld are refused, for a reason that has the text behind their address, and all others are taken.
judge() {
    local address line reason
    local -a free=("${CANDIDATES[@]}")
    plan || return 1
    for line in "${withheld[@]}"; do
        address=${line%% *}
        device "$address" refuse || return 1
        reason=$(get ".devices[] | select(.address == \"$address\").reason")
        [[ $reason == *"${line#* }"* ]] || is "$reason" "... ${line#* } ..." "reason for $address" || return 1
        free=("${free[@]/#$address/}")
    done
    # shellcheck disable=SC2046,SC2116,SC2048,SC2086 # the empty ones go away
    bound $(echo ${free[*]})
}

# again [sys]: the machine of setup; /sys is as it was unless that is said.
again() {
    INPUTS=0
    if [[ ${1-} ]]; then
        setup
        return
    fi
    rm -rf --one-file-system "$ROOT"/{etc,run,proc,passthrough-routes} "$ROOT/var/lib"
    cp -a "$BATS_FILE_TMPDIR"/tree.proven-free/{etc,run,proc} "$ROOT"
}

# machines: from standard input. "= NAME" begins one; "PATH: LINE" adds a line to a file, "PATH:" makes it empty; "$ VERB..." is run; "! ADDRESS TEXT": it is
# refused, for a reason that has the text. All others are taken.
machines() {
    local line name='' sys=''
    local -a withheld=()
    while IFS= read -r line; do
        case $line in
        '= '* | =)
            [[ ! $name ]] || judge || { echo "on the machine: $name" && return 1; }
            name=${line#= } withheld=()
            [[ $line == = ]] && break
            again $sys
            sys=''
            ;;
        '! '*) withheld+=("${line#! }") ;;
        '$ '*)
            [[ $line =~ ^'$ '(unit|cmdline|mkdir|ln|printf|sed)' ' ]] || sys=sys
            eval "${line#\$ }" || { echo "$name: $line" && return 1; }
            ;;
        /*': '*) add_line "${line%%: *}" "${line#*: }" ;;
        /*:) mkdir -p "$ROOT${line%/*}" && : >"$ROOT${line%:}" ;;
        '') ;;
        *) echo "$name: $line" && return 1 ;;
        esac
    done
    [[ $line == = ]] || { echo "no end" && return 1; }
}

@test "dhcpcd" {
    machines <<'END'
= its service takes all hardware
$ unit dhcpcd.service
! 0000:01:00.0 eno1 ← dhcpcd, which manages what /etc/dhcpcd.conf does not deny; to exclude it, put on top of that file: denyinterfaces eno1
! 0000:02:00.0 eno2 ← dhcpcd
! 0000:03:00.0 eno3 ← dhcpcd
= denied by name and by pattern
$ unit dhcpcd.service
/etc/dhcpcd.conf: denyinterfaces eno2,eno[3-9]
! 0000:01:00.0 eno1 ← dhcpcd
= allowed alone
$ unit dhcpcd.service
/etc/dhcpcd.conf: allowinterfaces eno[12] eth*
/etc/dhcpcd.conf: denyinterfaces eno2
! 0000:01:00.0 eno1 ← dhcpcd
= a denial in the block of an interface is none
$ unit dhcpcd.service
/etc/dhcpcd.conf: denyinterfaces eno2 eno3
/etc/dhcpcd.conf: interface eth7
/etc/dhcpcd.conf: denyinterfaces eno1
! 0000:01:00.0 eno1 ← dhcpcd
= it runs, and is not enabled
/run/dhcpcd/pid: 812
/etc/dhcpcd.conf: denyinterfaces eno2 eno3
! 0000:01:00.0 eno1 ← dhcpcd
= it is installed, and neither runs nor is enabled
/etc/dhcpcd.conf: hostname
/etc/dhcpcd.conf: option domain_name_servers
= a block of an interface declares it, whether it runs or not
/etc/dhcpcd.conf: interface eno1
/etc/dhcpcd.conf: static ip_address=192.0.2.2/24
! 0000:01:00.0 0000:01:00.0 ← eno1 ← /etc/dhcpcd.conf
= a file that is cut in mid-line
$ printf 'denyinterfaces eno1 eno' >"$ROOT/etc/dhcpcd.conf"
! 0000:01:00.0 /etc/dhcpcd.conf is not text, or does not end with a line end
! 0000:02:00.0 not cleared
! 0000:03:00.0 not cleared
! 0000:00:14.0 not cleared
! 0000:00:15.0 not cleared
= denied by a name that it does not go by
$ unit dhcpcd.service
/run/udev/data/n2: E:ID_NET_NAME_PATH=enp1s0
/etc/dhcpcd.conf: denyinterfaces enp1s0 eno2 eno3
! 0000:01:00.0 eno1 ← dhcpcd
= enabled for one interface
$ unit dhcpcd@eno1.service
! 0000:01:00.0 eno1 ← dhcpcd@eno1.service
=
END
}

@test "ConnMan" {
    machines <<'END'
= its service takes all hardware
$ unit connman.service
! 0000:01:00.0 eno1 ← ConnMan, which manages what /etc/connman/main.conf does not list; to exclude it, below [General] there: NetworkInterfaceBlacklist=vmnet,vboxnet,virbr,ifb,eno1
! 0000:02:00.0 eno2 ← ConnMan
! 0000:03:00.0 eno3 ← ConnMan
= its list is of beginnings
$ unit connman.service
/etc/connman/main.conf: [General]
/etc/connman/main.conf: NetworkInterfaceBlacklist = virbr, eno2,eno3
! 0000:01:00.0 NetworkInterfaceBlacklist=virbr, eno2,eno3,eno1
= all of one beginning
$ unit connman.service
/etc/connman/main.conf: [General]
/etc/connman/main.conf: NetworkInterfaceBlacklist=eno
= a key of another section
/run/connman/resolv.conf: nameserver 192.0.2.1
/etc/connman/main.conf: [General]
/etc/connman/main.conf: NetworkInterfaceBlacklist=eno2,eno3
/etc/connman/main.conf: [Other]
/etc/connman/main.conf: NetworkInterfaceBlacklist=eno1
! 0000:01:00.0 eno1 ← ConnMan
= a list that does not end
/run/connman/resolv.conf: nameserver 192.0.2.1
$ mkdir -p "$ROOT/etc/connman" && printf '[General]\nNetworkInterfaceBlacklist=eno' >"$ROOT/etc/connman/main.conf"
! 0000:01:00.0 main.conf
! 0000:02:00.0 main.conf
! 0000:03:00.0 main.conf
! 0000:00:14.0 main.conf
! 0000:00:15.0 main.conf
= a service of its own, by address
/var/lib/connman/lan.config: [service_lan]
/var/lib/connman/lan.config: Type = ethernet
/var/lib/connman/lan.config: MAC = 52:54:00:AA:00:01
! 0000:01:00.0 eno1 ← /var/lib/connman/lan.config
= what it has remembered declares nothing while it does not run
/var/lib/connman/ethernet_525400aa0001_cable/settings: [ethernet_525400aa0001_cable]
=
END
}

@test "netctl, and what is enabled for one interface" {
    machines <<'END'
= a profile
/etc/netctl/lan: Description='A basic connection'
/etc/netctl/lan: Interface=eno1
/etc/netctl/lan: Connection=ethernet
! 0000:01:00.0 eno1 ← /etc/netctl/lan
= a bridge's ports
/etc/netctl/bridge: Interface=br0
/etc/netctl/bridge: Connection=bridge
/etc/netctl/bridge: BindsToInterfaces=(eno1 eno2)
! 0000:01:00.0 eno1 ← /etc/netctl/bridge
! 0000:02:00.0 eno2 ← /etc/netctl/bridge
= the examples that it comes with
/etc/netctl/examples/ethernet: Interface=eno1
/etc/netctl/hooks/one: eno1
/etc/netctl/interfaces/eno1: x
= a profile that cannot be read
$ mkdir -p "$ROOT/etc/netctl/lan"
! 0000:01:00.0 /etc/netctl/lan cannot be read
! 0000:02:00.0 not cleared
! 0000:03:00.0 not cleared
! 0000:00:14.0 not cleared
! 0000:00:15.0 not cleared
= its automatic service
$ unit netctl-ifplugd@eno2.service
! 0000:02:00.0 eno2 ← netctl-ifplugd@eno2.service
= of another's name
$ unit wpa_supplicant@eno12.service
$ unit getty@tty1.service
= units that cannot be listed
$ mkdir -p "$ROOT/etc/systemd/system" && ln -s multi-user.target.wants "$ROOT/etc/systemd/system/multi-user.target.wants"
! 0000:01:00.0 eno1 ← 
! 0000:02:00.0 eno2 ← 
! 0000:03:00.0 eno3 ← 
! 0000:00:14.0 cannot be read
! 0000:00:15.0 cannot be read
=
END
}

@test "what boot images are told" {
    machines <<'END'
= dracut.conf.d
/etc/dracut.conf.d/net.conf: kernel_cmdline+=" ip=eno1:dhcp rd.neednet=1 "
! 0000:01:00.0 eno1 ← /etc/dracut.conf.d/net.conf
= dracut.conf, by address
/etc/dracut.conf: kernel_cmdline="ifname=lan1:52:54:00:aa:00:02"
! 0000:02:00.0 eno2 ← /etc/dracut.conf
= cmdline.d: a bridge, a bond and a VLAN
/etc/cmdline.d/90-net.conf: bridge=br0:eno1
/etc/cmdline.d/90-net.conf: bond=bond0:eno2,eno9
/etc/cmdline.d/91-vlan.conf: vlan=eno3.5:eno3
! 0000:01:00.0 eno1 ← /etc/cmdline.d/90-net.conf
! 0000:02:00.0 eno2 ← /etc/cmdline.d/90-net.conf
! 0000:03:00.0 eno3 ← /etc/cmdline.d/91-vlan.conf
= cmdline
/etc/cmdline: bootdev=eno1 rd.neednet=1
! 0000:01:00.0 eno1 ← /etc/cmdline
= initramfs.conf
/etc/initramfs-tools/initramfs.conf: DEVICE=eno1
! 0000:01:00.0 eno1 ← /etc/initramfs-tools/initramfs.conf
= a file beside it
/etc/initramfs-tools/conf.d/nfsroot: IP=192.0.2.5::192.0.2.1:255.255.255.0:host:eno2:off
! 0000:02:00.0 eno2 ← /etc/initramfs-tools/conf.d/nfsroot
= what is no configuration of the network
/etc/initramfs-tools/initramfs.conf: #DEVICE=eno1
/etc/initramfs-tools/initramfs.conf: DEVICE=
/etc/dracut.conf.d/a.conf: add_drivers+=" e1000e "
/etc/cmdline.d/a.txt: ip=eno1:dhcp
/etc/cmdline.d/b.conf: ip=dhcp quiet
=
END
}

@test "ifupdown, and Proxmox's way with it" {
    machines <<'END'
= cards that are only listed
/etc/network/interfaces: iface eno1 inet manual
/etc/network/interfaces: iface eno2 inet manual
/etc/network/interfaces: #of the guests
/etc/network/interfaces:
/etc/network/interfaces: iface eno3 inet6 manual
= the port of a bridge
/etc/network/interfaces: iface eno1 inet manual
/etc/network/interfaces: iface eno2 inet manual
/etc/network/interfaces: auto vmbr0
/etc/network/interfaces: iface vmbr0 inet static
/etc/network/interfaces: 	bridge-ports eno1
! 0000:01:00.0 eno1 ← /etc/network/interfaces
= ports of a bond, below a bridge
/etc/network/interfaces: iface eno1 inet manual
/etc/network/interfaces: iface eno2 inet manual
/etc/network/interfaces: auto bond0
/etc/network/interfaces: iface bond0 inet manual
/etc/network/interfaces: 	bond-slaves eno1 eno2
/etc/network/interfaces: iface eno3 inet manual
! 0000:01:00.0 eno1 ← /etc/network/interfaces
! 0000:02:00.0 eno2 ← /etc/network/interfaces
= a port that says itself whose it is
/etc/network/interfaces: iface eno1 inet manual
/etc/network/interfaces: 	bond-master bond0
/etc/network/interfaces: iface eno2 inet manual
! 0000:01:00.0 eno1 ← /etc/network/interfaces
= brought up at boot
/etc/network/interfaces: auto eno1
/etc/network/interfaces: iface eno1 inet manual
/etc/network/interfaces: iface eno2 inet manual
! 0000:01:00.0 eno1 ← /etc/network/interfaces
= brought up when it appears, from another file
/etc/network/interfaces: iface eno1 inet manual
/etc/network/interfaces.d/hot: allow-hotplug eno1
! 0000:01:00.0 eno1 ← /etc/network/interfaces.d/hot
= the lower interface of a VLAN
/etc/network/interfaces: iface eno1 inet manual
/etc/network/interfaces: auto vlan5
/etc/network/interfaces: iface vlan5 inet static
/etc/network/interfaces: 	vlan-raw-device eno1
! 0000:01:00.0 eno1 ← /etc/network/interfaces
= a command of its own
/etc/network/interfaces: iface eno1 inet manual
/etc/network/interfaces: 	up ip link set eno1 up
! 0000:01:00.0 eno1 ← /etc/network/interfaces
= a line that goes on
/etc/network/interfaces: iface eno1 inet manual \
/etc/network/interfaces: mtu 9000
! 0000:01:00.0 eno1 ← /etc/network/interfaces
= a pattern
/etc/network/interfaces: auto /eno[12]
/etc/network/interfaces: iface eno1 inet manual
! 0000:01:00.0 to exclude it, change the pattern
! 0000:02:00.0 /etc/network/interfaces, by a pattern (auto /eno[12])
= a pattern of another name, with a logical one
/etc/network/interfaces: auto /eth*=lan
= a pattern of an attribute
/etc/network/interfaces: auto operstate/down=lan
! 0000:01:00.0 by a pattern
! 0000:02:00.0 by a pattern
! 0000:03:00.0 by a pattern
= by the address
/etc/network/interfaces: auto mac/52:54:00:aa:00:03=lan
! 0000:03:00.0 eno3 ← /etc/network/interfaces
= ports as ifupdown2 counts them
/etc/network/interfaces: iface br0
/etc/network/interfaces: 	bridge-ports glob eno[2-13]
! 0000:01:00.0 by a pattern
! 0000:02:00.0 by a pattern
! 0000:03:00.0 by a pattern
= a template
/etc/network/interfaces: auto eno${i}
! 0000:01:00.0 by a pattern
! 0000:02:00.0 by a pattern
! 0000:03:00.0 by a pattern
=
END
}

@test "netplan, NetworkManager's profiles and networkd, with exclusions" {
    machines <<'END'
= a pattern of netplan
/etc/netplan/1.yaml:       name: "eno[12]"
! 0000:01:00.0 /etc/netplan/1.yaml, by a pattern (name: "eno[12]"); to exclude it from systemd-networkd: printf '[Match]\nName=eno1\n[Link]\nUnmanaged=yes\n' >/etc/systemd/network/00-eno1.network
! 0000:02:00.0 by a pattern
= the exclusion that it asks for
/etc/netplan/1.yaml:       name: "eno[12]"
/etc/systemd/network/00-eno1.network: [Match]
/etc/systemd/network/00-eno1.network: Name=eno1
/etc/systemd/network/00-eno1.network: [Link]
/etc/systemd/network/00-eno1.network: Unmanaged=yes
! 0000:02:00.0 by a pattern
= an exclusion that comes behind
/etc/netplan/1.yaml:       name: "en?1"
/etc/systemd/network/20-eno1.network: [Match]
/etc/systemd/network/20-eno1.network: Name=eno1
/etc/systemd/network/20-eno1.network: [Link]
/etc/systemd/network/20-eno1.network: Unmanaged=yes
! 0000:01:00.0 by a pattern
= the exclusion of a name that netplan has
/etc/netplan/1.yaml:   eno1:
/etc/systemd/network/00-eno1.network: [Match]
/etc/systemd/network/00-eno1.network: Name=eno1
/etc/systemd/network/00-eno1.network: [Link]
/etc/systemd/network/00-eno1.network: Unmanaged=yes
! 0000:01:00.0 eno1 ← /etc/netplan/1.yaml
= a driver, on one line and on lines of its own
/run/udev/data/n2: E:ID_NET_DRIVER=e1000e
/run/udev/data/n3: E:ID_NET_DRIVER=igb
/run/udev/data/n4: E:ID_NET_DRIVER=igb
/etc/netplan/1.yaml:       match: {driver: e1000e}
! 0000:01:00.0 by a pattern
= a driver, in a list
/run/udev/data/n2: E:ID_NET_DRIVER=e1000e
/run/udev/data/n3: E:ID_NET_DRIVER=igb
/run/udev/data/n4: E:ID_NET_DRIVER=igb
/etc/netplan/1.yaml:       driver: ["ig*", "bnxt_en"]
! 0000:02:00.0 by a pattern
! 0000:03:00.0 by a pattern
= drivers on lines of their own
/etc/netplan/1.yaml:       driver:
/etc/netplan/1.yaml:         - e1000e
! 0000:01:00.0 by a pattern
! 0000:02:00.0 by a pattern
! 0000:03:00.0 by a pattern
= a profile with a pattern, while NetworkManager does not run
/etc/NetworkManager/system-connections/a.nmconnection: interface-name=en?1;
= a profile with a pattern
$ mkdir -p "$ROOT/run/NetworkManager"
/etc/NetworkManager/system-connections/a.nmconnection: interface-name=en?1;
/etc/NetworkManager/conf.d/1.conf: [keyfile]
/etc/NetworkManager/conf.d/1.conf: unmanaged-devices=interface-name:eno2;interface-name:eno3
! 0000:01:00.0 unmanaged-devices+=interface-name:eno1
= a profile with a pattern, and all excluded
$ mkdir -p "$ROOT/run/NetworkManager"
/etc/NetworkManager/system-connections/a.nmconnection: interface-name=en?1;
/etc/NetworkManager/conf.d/1.conf: [keyfile]
/etc/NetworkManager/conf.d/1.conf: unmanaged-devices=type:ethernet
= excluded by a name that it does not go by
$ mkdir -p "$ROOT/run/NetworkManager"
/run/udev/data/n2: E:ID_NET_NAME_PATH=enp1s0
/etc/NetworkManager/conf.d/1.conf: [keyfile]
/etc/NetworkManager/conf.d/1.conf: unmanaged-devices=enp1s0;interface-name:enp1s0;eno2;eno3
! 0000:01:00.0 eno1 ← NetworkManager
= left alone by udev, and managed all the same
$ mkdir -p "$ROOT/run/NetworkManager"
/run/udev/data/n2: E:NM_UNMANAGED=1
/etc/NetworkManager/conf.d/1.conf: [device-lan]
/etc/NetworkManager/conf.d/1.conf: managed=1
/etc/NetworkManager/conf.d/1.conf: [keyfile]
/etc/NetworkManager/conf.d/1.conf: unmanaged-devices=eno2;eno3
! 0000:01:00.0 eno1 ← NetworkManager
= a profile with an address in dashes
/etc/NetworkManager/system-connections/a.nmconnection: mac-address=52-54-00-AA-00-02
! 0000:02:00.0 eno2 ← /etc/NetworkManager/system-connections/a.nmconnection
= networkd, with addresses in dashes and dots
/etc/systemd/network/1.network: [Match]
/etc/systemd/network/1.network: MACAddress=52-54-00-aa-00-01 5254.00AA.0002
! 0000:01:00.0 eno1 ← /etc/systemd/network/1.network
! 0000:02:00.0 eno2 ← /etc/systemd/network/1.network
= networkd, by the first address, which does not show
$ rm "$ROOT/sys/$(net_dir eno1)/addr_assign_type"
/etc/systemd/network/1.network: [Match]
/etc/systemd/network/1.network: PermanentMACAddress=52:54:00:aa:00:01
! 0000:01:00.0 eno1 ← /etc/systemd/network/1.network
= a profile by name of what is excluded
$ mkdir -p "$ROOT/run/NetworkManager"
/etc/NetworkManager/system-connections/a.nmconnection: interface-name=eno1
/etc/NetworkManager/conf.d/1.conf: [keyfile]
/etc/NetworkManager/conf.d/1.conf: unmanaged-devices=type:ethernet
! 0000:01:00.0 eno1 ← /etc/NetworkManager/system-connections/a.nmconnection
=
END
}

@test "a card without a driver, and a declaration that nobody answers to" {
    machines <<'END'
= nothing is declared
$ undriven 0000:01:00.0
= a name of ifupdown
$ undriven 0000:01:00.0
/etc/network/interfaces: auto eno1
/etc/network/interfaces: iface eno1 inet dhcp
! 0000:01:00.0 not cleared: /etc/network/interfaces names eno1, which is not here, and a network card without a driver may be it
= all that is declared is here
$ undriven 0000:01:00.0
/etc/network/interfaces: auto eno2 eno3:1 eno3.7 lo
/etc/network/interfaces: iface eno2 inet dhcp
! 0000:02:00.0 eno2 ← /etc/network/interfaces
! 0000:03:00.0 eno3 ← /etc/network/interfaces
= a card that is only listed
$ undriven 0000:01:00.0
/etc/network/interfaces: iface eno1 inet manual
= an address in dots that is here, and nameservers that are no cards
$ undriven 0000:01:00.0
/etc/systemd/network/1.network: [Match]
/etc/systemd/network/1.network: MACAddress=5254.00aa.0002
/etc/netplan/1.yaml:   nameservers: {addresses: [2001:4860:4860:0:0:0:0:8888, 192.0.2.1]}
! 0000:02:00.0 eno2 ← /etc/systemd/network/1.network
= an address of netplan
$ undriven 0000:01:00.0
/etc/netplan/1.yaml:       match: {name: x}
/etc/netplan/1.yaml:       macaddress: "52:54:00:aa:00:01"
! 0000:01:00.0 /etc/netplan/1.yaml names 52:54:00:aa:00:01, which is not here
= a name of netplan, and words that are none
$ undriven 0000:01:00.0
/etc/netplan/1.yaml: network:
/etc/netplan/1.yaml:   ethernets:
/etc/netplan/1.yaml:     enp1s0: {dhcp4: true}
! 0000:01:00.0 /etc/netplan/1.yaml names enp1s0, which is not here
= netplan has those that are here
$ undriven 0000:01:00.0
/etc/netplan/1.yaml: network:
/etc/netplan/1.yaml:   version: 2
/etc/netplan/1.yaml:   ethernets:
/etc/netplan/1.yaml:     eno2: {dhcp4: true, dhcp4-overrides: {route-metric: 10}}
! 0000:02:00.0 eno2 ← /etc/netplan/1.yaml
= networkd, by name and not by pattern
$ undriven 0000:01:00.0
/etc/systemd/network/1.network: [Match]
/etc/systemd/network/1.network: Name=en* lan7
! 0000:01:00.0 /etc/systemd/network/1.network names lan7, which is not here
= networkd, of what is left alone
$ undriven 0000:01:00.0
/etc/systemd/network/1.network: [Match]
/etc/systemd/network/1.network: PermanentMACAddress=52:54:00:aa:00:01
/etc/systemd/network/1.network: [Link]
/etc/systemd/network/1.network: Unmanaged=yes
= a profile of NetworkManager
$ undriven 0000:01:00.0
/etc/NetworkManager/system-connections/a.nmconnection: [ethernet]
/etc/NetworkManager/system-connections/a.nmconnection: mac-address=52:54:00:AA:00:01
! 0000:01:00.0 names 52:54:00:AA:00:01, which is not here
= ifcfg
$ undriven 0000:01:00.0
/etc/sysconfig/network-scripts/ifcfg-lan: HWADDR=52:54:00:aa:00:01
! 0000:01:00.0 names 52:54:00:aa:00:01, which is not here
= the command line
$ undriven 0000:01:00.0
$ cmdline ip=eno1:dhcp
! 0000:01:00.0 ip= of the command line names eno1, which is not here
= an address on the command line
$ undriven 0000:01:00.0
$ cmdline ifname=lan9:52:54:00:aa:00:01
! 0000:01:00.0 ifname= of the command line names 52:54:00:aa:00:01, which is not here
= the command line, of what is here
$ undriven 0000:01:00.0
$ cmdline ip=192.0.2.2::192.0.2.1:255.255.255.0:host:eno2:off BOOTIF=01-52-54-00-aa-00-03
! 0000:02:00.0 eno2 ← ip= of the command line
! 0000:03:00.0 eno3 ← BOOTIF= of the command line
= dhcpcd
$ undriven 0000:01:00.0
/etc/dhcpcd.conf: interface eno1
! 0000:01:00.0 /etc/dhcpcd.conf names eno1, which is not here
= it has VFIO's driver: it is nobody's
$ undriven 0000:01:00.0
$ pci_bind 0000:01:00.0 vfio-pci
/etc/network/interfaces: auto eno1
=
END
}

@test "Uplink= of a file that does not end" {
    machines <<'END'
= whole
$ sed -i '/^lan0/d' "$ROOT/proc/net/route"
/etc/passthrough.conf: [Host]
/etc/passthrough.conf: Uplink=eno1
! 0000:01:00.0 eno1 ← Uplink= of passthrough.conf
= cut in mid-line
$ sed -i '/^lan0/d' "$ROOT/proc/net/route"
$ printf '[Host]\nUplink=eno1' >"$ROOT/etc/passthrough.conf"
! 0000:01:00.0 cannot be read as a whole
! 0000:02:00.0 cannot be read as a whole
! 0000:03:00.0 cannot be read as a whole
! 0000:00:14.0 cannot be read as a whole
! 0000:00:15.0 cannot be read as a whole
=
END
}

@test "what the host answers on, by what shows" {
    machines <<'END'
= a bond of two
$ net_over bond0 eno1 eno2
$ default_route bond0
! 0000:01:00.0 eno1 ← bond0 ← default route
! 0000:02:00.0 eno2 ← bond0 ← default route
= a bridge over a VLAN
$ net_above eno3.7 eno3
$ net_over br0 eno3.7
$ net_address br0
! 0000:03:00.0 eno3 ← eno3.7 ← br0 ← a route
= a table of a policy
/passthrough-routes: eno1 100
! 0000:01:00.0 eno1 ← a route of table 100
= a port of a VRF
$ net_over red eno2
$ put /sys/devices/virtual/net/red/uevent INTERFACE=red DEVTYPE=vrf
! 0000:02:00.0 eno2 ← VRF red
= an adapter on USB
$ usb_device 1-2 0bda:8153 ff
$ usb_nic enx0 1-2
$ default_route enx0
! 0000:00:14.0 enx0 ← default route
= an adapter on USB that is declared
$ usb_device 2-2 0bda:8153 ff
$ usb_nic enx0 2-2
/etc/network/interfaces: auto enx0
! 0000:00:15.0 enx0 ← /etc/network/interfaces
= an adapter on USB in another network namespace
$ usb_device 1-2 0bda:8153 ff
$ link bus/usb/drivers/r8152/1-2:1.0 "$(pci_dir 0000:00:14.0)/usb1/1-2/1-2:1.0"
! 0000:00:14.0 another network namespace
= a card in another network namespace
$ rm -r "$ROOT/sys/class/net/eno1" "$(pci_file 0000:01:00.0 net)"
! 0000:01:00.0 another network namespace
= nothing at all
$ sed -i '/^lan0/d' "$ROOT/proc/net/route"
! 0000:01:00.0 Uplink=
! 0000:02:00.0 Uplink=
! 0000:03:00.0 Uplink=
! 0000:00:14.0 Uplink=
! 0000:00:15.0 Uplink=
= nothing, and that is meant
$ sed -i '/^lan0/d' "$ROOT/proc/net/route"
/etc/passthrough.conf: [Host]
/etc/passthrough.conf: Uplink=none
= nothing, and that is meant, with the root on a network block device
$ block nbd0 43:0 devices/virtual/block/nbd0
$ root_is '27 1 43:0 / / rw,relatime - ext4 /dev/nbd0 rw'
$ tags nbd0 UUID=$ROOT_UUID TYPE=ext4
/etc/passthrough.conf: [Host]
/etc/passthrough.conf: Uplink=none
! 0000:01:00.0 below [Host]: Uplink=INTERFACE
! 0000:02:00.0 below [Host]: Uplink=INTERFACE
! 0000:03:00.0 below [Host]: Uplink=INTERFACE
! 0000:00:14.0 below [Host]: Uplink=INTERFACE
! 0000:00:15.0 below [Host]: Uplink=INTERFACE
= a bridge for guests alone
$ sed -i '/^lan0/d' "$ROOT/proc/net/route"
/etc/network/interfaces: auto br0
/etc/network/interfaces: iface br0 inet static
/etc/network/interfaces:   bridge_ports none
= the firmware's iSCSI
$ mkdir -p "$ROOT/sys/firmware/ibft/ethernet0"
$ put /sys/firmware/ibft/ethernet0/mac 52:54:00:AA:00:03
! 0000:03:00.0 eno3 ← the firmware's iSCSI table
= wicked
/etc/wicked/ifconfig/lan.xml: <interface>
/etc/wicked/ifconfig/lan.xml: <name>eno1</name>
! 0000:01:00.0 eno1 ← /etc/wicked/ifconfig/lan.xml
= a VLAN of networkd
/etc/systemd/network/1.netdev: [NetDev]
/etc/systemd/network/1.netdev: Name=eno2.9
! 0000:02:00.0 eno2 ← /etc/systemd/network/1.netdev
=
END
}

@test "where somebody may have to type" {
    machines <<'END'
= nobody is asked
$ usb_keyboard 1-2
= the only keyboard
$ usb_keyboard 1-2
$ crypttab none
! 0000:00:14.0 the only keyboard, and a passphrase may be asked for (crypttab secret)
= the only keyboard, and a mouse on the other controller
$ usb_keyboard 1-2
$ usb_keyboard 2-2 mouse
$ crypttab -
! 0000:00:14.0 the only keyboard
= a PS/2 keyboard stays
$ usb_keyboard 1-2
$ ps2_keyboard
$ crypttab none
= one on each controller, and rules for both
$ usb_keyboard 1-2
$ usb_keyboard 2-2
$ crypttab none
! 0000:00:14.0 the only keyboard
! 0000:00:15.0 the only keyboard
= none
$ crypttab none
! 0000:00:14.0 no keyboard shows
! 0000:00:15.0 no keyboard shows
= a YubiKey
$ usb_keyboard 1-2
$ vendor 1 1050
$ crypttab none
! 0000:00:14.0 no keyboard shows
! 0000:00:15.0 no keyboard shows
= a YubiKey beside a keyboard
$ usb_keyboard 1-2
$ usb_keyboard 2-2
$ vendor 1 1050
$ crypttab none
! 0000:00:15.0 the only keyboard
= a keyboard on Bluetooth
$ input 1 devices/virtual/misc/uhid/0005:046D:B33D.0004
$ crypttab none
! 0000:00:14.0 no keyboard shows
! 0000:00:15.0 no keyboard shows
= a key file
$ usb_keyboard 1-2
$ crypttab /etc/key
= a key file, and a chip
$ usb_keyboard 1-2
$ crypttab /etc/key tpm2-device=auto
! 0000:00:14.0 the only keyboard
= a token
$ usb_keyboard 1-2
$ ps2_keyboard
$ crypttab - fido2-device=auto
! 0000:00:14.0 crypttab wants a token for secret
! 0000:00:15.0 crypttab wants a token for secret
= a script
$ usb_keyboard 1-2
$ crypttab /etc/key luks,keyscript=/bin/ask
! 0000:00:14.0 the only keyboard
= the command line
$ usb_keyboard 2-2
$ cmdline rd.luks.name=$LUKS_UUID=root
! 0000:00:15.0 the only keyboard, and a passphrase may be asked for (the command line's rd.luks)
= swap with a key of chance
$ usb_keyboard 1-2
$ crypttab /dev/urandom swap
=
END
}
