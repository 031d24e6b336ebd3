/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces that something declares, and routes of all kinds. The manual that says so stands in front of the rows. */
#include "shapes.h"

static const struct shape rows[] = {
        /* interfaces(5), bridge-utils-interfaces(5), vlan-interfaces(5), ifenslave's README */
        {.name = "ifupdown, auto",
         .steps = {"+etc/network/interfaces auto {A}", "+etc/network/interfaces iface {A} inet dhcp"}},
        {.name = "ifupdown, one that is not brought up by itself",
         .steps = {"+etc/network/interfaces iface {A} inet6 static"}},
        {.name = "ifupdown, allow-hotplug alone", .steps = {"+etc/network/interfaces allow-hotplug {A}"}},
        {.name = "ifupdown, auto with a pattern",
         .steps = {"+etc/network/interfaces auto /{A.pattern}", "+etc/network/interfaces iface lan inet dhcp"}},
        {.name = "ifupdown, a sourced directory",
         .steps = {"+etc/network/interfaces source /etc/network/interfaces.d/*",
                   "=etc/network/interfaces.d/lan{n} iface {A} inet dhcp"}},
        {.name = "ifupdown, a sourced directory by that word",
         .steps = {"+etc/network/interfaces source-directory interfaces.d",
                   "=etc/network/interfaces.d/lan{n} iface {A} inet dhcp"}},
        {.name = "ifupdown, a sourced file elsewhere",
         .steps = {"+etc/network/interfaces source /etc/lan{n}.conf", "=etc/lan{n}.conf iface {A} inet dhcp"}},
        {.name = "ifupdown, a continued line", .steps = {"+etc/network/interfaces auto \\|  {A}"}},
        {.name = "ifupdown, ports of a bridge",
         .subjects = 2,
         .steps = {"+etc/network/interfaces iface sbr{n} inet dhcp|  bridge_ports {A} {B}"}},
        {.name = "ifupdown, ports of a bridge with a dash",
         .steps = {"+etc/network/interfaces iface sbr{n} inet dhcp|  bridge-ports {A}"}},
        {.name = "ifupdown, ports of a bridge by a pattern",
         .steps = {"+etc/network/interfaces iface sbr{n} inet dhcp|  bridge_ports regex {A.pattern}"},
         .scope = NETWORK_OPEN},
        {.name = "ifupdown, a bond",
         .subjects = 2,
         .steps = {"+etc/network/interfaces iface sbond{n} inet dhcp|  bond-slaves {A} {B}"}},
        {.name = "ifupdown, a bond by its port",
         .steps = {"+etc/network/interfaces iface {A} inet manual|  bond-master sbond{n}"}},
        {.name = "ifupdown, a VLAN by its name", .steps = {"+etc/network/interfaces iface {A}.{n} inet dhcp"}},
        {.name = "ifupdown, a VLAN by its device",
         .steps = {"+etc/network/interfaces iface svlan{n} inet dhcp|  vlan-raw-device {A}"}},
        {.name = "ifupdown, an alias", .steps = {"+etc/network/interfaces iface {A}:0 inet static"}},
        {.name = "ifupdown, a file of it that is read by ifupdown-ng",
         .steps = {"+etc/network/interfaces auto sbr{n}|iface sbr{n}|  use bridge|  bridge-ports {A}"}},
        {.name = "ifupdown, ports of Open vSwitch",
         .steps = {"+etc/network/interfaces iface ovs{n} inet dhcp|  ovs_type OVSBridge|  ovs_ports {A}"}},

        /* systemd.network(5), systemd.netdev(5) */
        {.name = "networkd", .steps = {"=etc/systemd/network/50-{n}.network [Match]|Name={A}|[Network]|DHCP=yes"}},
        {.name = "networkd, of /run",
         .steps = {"=run/systemd/network/50-{n}.network [Match]|Name={A}|[Network]|DHCP=yes"}},
        {.name = "networkd, of a package",
         .steps = {"=usr/lib/systemd/network/50-{n}.network [Match]|Name={A}|[Network]|DHCP=yes"}},
        {.name = "networkd, of /usr/local",
         .steps = {"=usr/local/lib/systemd/network/50-{n}.network [Match]|Name={A}|[Network]|DHCP=yes"}},
        {.name = "networkd, by MAC",
         .steps = {"=etc/systemd/network/50-{n}.network [Match]|MACAddress={A.mac}|[Network]|DHCP=yes"}},
        {.name = "networkd, by MAC with dashes",
         .steps = {"=etc/systemd/network/50-{n}.network [Match]|MACAddress={A.dashes}|[Network]|DHCP=yes"}},
        {.name = "networkd, by MAC with dots",
         .steps = {"=etc/systemd/network/50-{n}.network [Match]|MACAddress={A.dots}|[Network]|DHCP=yes"}},
        {.name = "networkd, by the permanent MAC",
         .steps = {"=etc/systemd/network/50-{n}.network [Match]|PermanentMACAddress={A.mac}|[Network]|DHCP=yes"}},
        {.name = "networkd, one of several",
         .subjects = 2,
         .steps = {"=etc/systemd/network/50-{n}.network [Match]|Name=eth77 {A} {B}|[Network]|DHCP=yes"}},
        {.name = "networkd, by a pattern",
         .steps = {"=etc/systemd/network/50-{n}.network [Match]|Name={A.pattern}|[Network]|DHCP=yes",
                   "=run/systemd/netif/state OPER_STATE=routable"}},
        {.name = "networkd, by what matches in two ways",
         .steps = {"=etc/systemd/network/50-{n}.network [Match]|Name={A.pattern}|Type=ether|[Network]|DHCP=yes",
                   "=run/systemd/netif/state OPER_STATE=routable"}},
        {.name = "networkd, port of a bridge",
         .steps = {"=etc/systemd/network/50-{n}.netdev [NetDev]|Name=sbr{n}|Kind=bridge",
                   "=etc/systemd/network/51-{n}.network [Match]|Name={A}|[Network]|Bridge=sbr{n}"}},
        {.name = "networkd, port of a bond",
         .subjects = 2,
         .steps = {"=etc/systemd/network/50-{n}.netdev [NetDev]|Name=sbond{n}|Kind=bond",
                   "=etc/systemd/network/51-{n}.network [Match]|Name={A} {B}|[Network]|Bond=sbond{n}"}},
        {.name = "networkd, below a VLAN",
         .steps = {"=etc/systemd/network/50-{n}.netdev [NetDev]|Name=svlan{n}|Kind=vlan|[VLAN]|Id={n}",
                   "=etc/systemd/network/51-{n}.network [Match]|Name={A}|[Network]|VLAN=svlan{n}"}},
        {.name = "networkd, by a drop-in",
         .steps = {"=usr/lib/systemd/network/50-{n}.network [Match]|Name=eth77|[Network]|DHCP=yes",
                   "=etc/systemd/network/50-{n}.network.d/x.conf [Match]|Name={A}"}},

        /* nm-settings-keyfile(5), nm-settings(5) */
        {.name = "NetworkManager",
         .steps = {"=etc/NetworkManager/system-connections/{n}.nmconnection "
                   "[connection]|type=ethernet|interface-name={A}"}},
        {.name = "NetworkManager, of /run",
         .scope = NETWORK_OPEN,
         .steps = {"=run/NetworkManager/system-connections/{n}.nmconnection "
                   "[connection]|type=ethernet|interface-name={A}"}},
        {.name = "NetworkManager, of a package",
         .steps = {"=usr/lib/NetworkManager/system-connections/{n}.nmconnection "
                   "[connection]|type=ethernet|interface-name={A}"}},
        {.name = "NetworkManager, without the suffix",
         .steps = {"=etc/NetworkManager/system-connections/lan{n} [connection]|type=ethernet|interface-name={A}"}},
        {.name = "NetworkManager, by MAC",
         .steps = {"=etc/NetworkManager/system-connections/{n}.nmconnection "
                   "[connection]|type=ethernet|[ethernet]|mac-address={A.mac}"}},
        {.name = "NetworkManager, by MAC as of old",
         .steps = {"=etc/NetworkManager/system-connections/{n}.nmconnection "
                   "[connection]|type=802-3-ethernet|[802-3-ethernet]|mac-address={A.mac}"}},
        {.name = "NetworkManager, port of a bond",
         .steps = {"=etc/NetworkManager/system-connections/{n}.nmconnection "
                   "[connection]|type=ethernet|interface-name={A}|master=sbond{n}|slave-type=bond"}},
        {.name = "NetworkManager, below a VLAN",
         .steps = {"=etc/NetworkManager/system-connections/{n}.nmconnection "
                   "[connection]|type=vlan|interface-name=lan{n}|[vlan]|id=5|parent={A}"}},
        {.name = "NetworkManager, by match",
         .steps = {"=etc/NetworkManager/system-connections/{n}.nmconnection "
                   "[connection]|type=ethernet|[match]|interface-name={A};"}},
        {.name = "NetworkManager, that does not connect by itself",
         .steps = {"=etc/NetworkManager/system-connections/{n}.nmconnection "
                   "[connection]|type=ethernet|autoconnect=false|interface-name={A}"}},
        {.name = "ifcfg of Red Hat",
         .steps = {"=etc/sysconfig/network-scripts/ifcfg-{A} DEVICE={A}|BOOTPROTO=dhcp|ONBOOT=yes"}},
        {.name = "ifcfg of Red Hat, quoted",
         .steps = {"=etc/sysconfig/network-scripts/ifcfg-lan{n} DEVICE=\"{A}\"|ONBOOT=yes"}},
        {.name = "ifcfg of Red Hat, by MAC",
         .steps = {"=etc/sysconfig/network-scripts/ifcfg-lan{n} HWADDR={A.mac}|ONBOOT=yes"}},
        {.name = "ifcfg of Red Hat, a VLAN",
         .scope = NETWORK_OPEN,
         .steps = {"=etc/sysconfig/network-scripts/ifcfg-lan{n} DEVICE=svlan{n}|VLAN=yes|PHYSDEV={A}"}},

        /* netplan(5) */
        {.name = "netplan",
         .steps = {"=etc/netplan/{n}.yaml network:|  version: 2|  ethernets:|    {A}:|      dhcp4: true"}},
        {.name = "netplan, of /run",
         .steps = {"=run/netplan/{n}.yaml network:|  ethernets:|    {A}:|      dhcp4: true"}},
        {.name = "netplan, of a package",
         .steps = {"=usr/lib/netplan/{n}.yaml network:|  ethernets:|    {A}:|      dhcp4: true"}},
        {.name = "netplan in one line", .steps = {"=etc/netplan/{n}.yaml network: {ethernets: {{A}: {dhcp4: true}}}"}},
        {.name = "netplan, quoted",
         .steps = {"=etc/netplan/{n}.yaml network:|  ethernets:|    \"{A}\":|      dhcp4: true"}},
        {.name = "netplan, by name",
         .steps = {"=etc/netplan/{n}.yaml network:|  ethernets:|    lan:|      match:|        name: {A}|      dhcp4: "
                   "true"}},
        {.name = "netplan, by a pattern",
         .steps = {"=etc/netplan/{n}.yaml network:|  ethernets:|    lan:|      match:|        name: \"{A.pattern}\"|   "
                   "   dhcp4: true"}},
        {.name = "netplan, by MAC",
         .steps = {"=etc/netplan/{n}.yaml network:|  ethernets:|    lan:|      match:|        macaddress: {A.mac}|     "
                   " dhcp4: true"}},
        {.name = "netplan, a bond",
         .subjects = 2,
         .steps = {"=etc/netplan/{n}.yaml network:|  bonds:|    sbond{n}:|      interfaces: [{A}, {B}]|      dhcp4: "
                   "true"}},
        {.name = "netplan, a bridge",
         .subjects = 2,
         .steps = {"=etc/netplan/{n}.yaml network:|  bridges:|    sbr{n}:|      interfaces:|        - {A}|        - "
                   "{B}|      dhcp4: true"}},
        {.name = "netplan, a VLAN",
         .steps = {"=etc/netplan/{n}.yaml network:|  vlans:|    svlan{n}:|      id: 5|      link: {A}"}},

        /* ifcfg(5), ifcfg-bonding(5), ifcfg-bridge(5), ifcfg-vlan(5) of wicked */
        {.name = "wicked", .steps = {"=etc/sysconfig/network/ifcfg-{A} BOOTPROTO='dhcp'|STARTMODE='auto'"}},
        {.name = "wicked, started by hand",
         .steps = {"=etc/sysconfig/network/ifcfg-{A} BOOTPROTO='static'|STARTMODE='manual'"}},
        {.name = "wicked, a bond",
         .subjects = 2,
         .steps = {"=etc/sysconfig/network/ifcfg-sbond{n} "
                   "STARTMODE='auto'|BONDING_MASTER='yes'|BONDING_SLAVE0='{A}'|BONDING_SLAVE_1='{B}'"}},
        {.name = "wicked, a bridge",
         .subjects = 2,
         .steps = {"=etc/sysconfig/network/ifcfg-sbr{n} BRIDGE='yes'|BRIDGE_PORTS='{A} {B}'"}},
        {.name = "wicked, a VLAN", .steps = {"=etc/sysconfig/network/ifcfg-svlan{n} ETHERDEVICE='{A}'|VLAN_ID=5"}},

        /* dracut.cmdline(7), systemd-network-generator.service(8), Documentation/admin-guide/nfs/nfsroot.rst */
        {.name = "ip=", .steps = {"!ip={A}:dhcp"}},
        {.name = "ip= in full", .steps = {"!ip=192.0.2.5::192.0.2.1:255.255.255.0:host:{A}:none"}},
        {.name = "ip= of IPv6", .steps = {"!ip=[2001:db8::5]::[2001:db8::1]:64:host:{A}:none"}},
        {.name = "bond=", .subjects = 2, .steps = {"!bond=sbond{n}:{A},{B}:mode=1 ip=sbond{n}:dhcp"}},
        {.name = "bridge=", .subjects = 2, .steps = {"!bridge=sbr{n}:{A},{B} ip=sbr{n}:dhcp"}},
        {.name = "team=", .subjects = 2, .steps = {"!team=steam{n}:{A},{B}"}},
        {.name = "vlan=", .steps = {"!vlan={A}.{n}:{A} ip={A}.{n}:dhcp"}},
        {.name = "ifname= and ip=", .steps = {"!ifname=lan{n}:{A.mac} ip=lan{n}:dhcp"}},
        {.name = "BOOTIF=", .steps = {"!BOOTIF=01-{A.dashes} ip=dhcp"}},
        {.name = "rd.route=", .steps = {"!rd.route=192.0.2.0/24:192.0.2.1:{A}"}},

        /* proc_net(5), ip-route(8): what carries traffic */
        {.name = "a default route",
         .steps = {"=sys/{A.dir}/flags 0x1003",
                   "+proc/net/route {A}\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0"}},
        {.name = "a default route of IPv6",
         .steps = {"=sys/{A.dir}/flags 0x1003",
                   "+proc/net/ipv6_route 00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
                   "fe800000000000000000000000000001 00000400 00000005 00000000 00000003 {A}"}},
        {.name = "two hops of a route of IPv6",
         .subjects = 2,
         .steps = {"=sys/{A.dir}/flags 0x1003", "=sys/{B.dir}/flags 0x1003",
                   "+proc/net/ipv6_route 00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
                   "fe800000000000000000000000000001 00000400 00000005 00000000 00000003 {A}",
                   "+proc/net/ipv6_route 00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
                   "fe800000000000000000000000000002 00000400 00000005 00000000 00000003 {B}"}},
        {.name = "an address of IPv6",
         .steps = {"=sys/{A.dir}/flags 0x1003", "+proc/net/if_inet6 20010db8000000000000000000000005 02 40 00 80 {A}"}},
        {.name = "a route to a network",
         .steps = {"=sys/{A.dir}/flags 0x1003",
                   "+proc/net/route {A}\t0002C80A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0"}},
        {.name = "below a VRF",
         .steps = {"=sys/devices/virtual/net/vrf{n}/flags 0x1003", "%class/net/vrf{n} devices/virtual/net/vrf{n}",
                   "=sys/devices/virtual/net/vrf{n}/uevent DEVTYPE=vrf|INTERFACE=vrf{n}|IFINDEX=9{n}",
                   "%{A.dir}/master devices/virtual/net/vrf{n}", "%{A.dir}/upper_vrf{n} devices/virtual/net/vrf{n}",
                   "%devices/virtual/net/vrf{n}/lower_{A} {A.dir}", "=sys/{A.dir}/flags 0x1003",
                   "=sys/{A.dir}/operstate up"}},
        /* passthrough.conf(5) */
        {.name = "Uplink= of the host",
         .alone = true,
         .steps = {"=etc/passthrough.conf.d/50-{n}.conf [Host]|Uplink={A}"}},

        /* an interface with a name of its own */
        {.name = "netplan, by MAC with another name",
         .steps = {"=etc/netplan/{n}.yaml network:|  ethernets:|    lan:|      match: {macaddress: '{A.mac}'}|      "
                   "set-name: lan{n}|      dhcp4: true"}},
        {.name = "wicked, by its own XML",
         .steps = {"=etc/wicked/ifconfig/lan{n}.xml "
                   "<interface><name>{A}</name><control><mode>boot</mode></control></interface>"}},

        {.name = "nobody's", .open = true, .steps = {"+etc/network/interfaces # iface {A} inet dhcp"}},
};

const struct shape_table network_shapes = {NETWORK, rows, COUNT(rows)};
