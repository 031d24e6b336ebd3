# Virtual functions that a rule makes: what the plan says of them beforehand, what stands in the way, and what is done, in order.

load product
load tree
load sriov

PF=/sys/bus/pci/devices/0000:04:00.0

setup() {
    tree_again sriov && return
    host_with_uplink
    nic_with_functions
    tree_keep sriov
}

@test "the plan says beforehand what is made, in order, by parent and index" {
    functions VirtualFunctions=3 '[VirtualFunction]' Index=0 MACAddress=52:54:00:11:22:33 VLANId=7 VLANProtocol=802.1ad QualityOfService=3 \
        Trust=yes MACSpoofCheck=no LinkState=yes MaxTxRate=1000 MinTxRate=100 MSIXVectors=9 Attribute=d3cold_allowed=0 \
        '[VirtualFunction]' Index=2 Driver=native
    plan
    exits 0
    rule_is 50-nic ok
    rule_says 50-nic '^makes 3 virtual functions of 0000:04:00\.0$'
    is "$(get '.devices[] | select(.parent) | "\(.parent) \(.index) \(.address) \(.id) \(.action) \(.driver) \(.stage)"')" \
        "0000:04:00.0 0 0000:04:10.0 8086:10ca bind vfio-pci host 0000:04:00.0 1 0000:04:10.2 8086:10ca bind vfio-pci host 0000:04:00.0 2 0000:04:10.4 8086:10ca keep  host" functions
    is "$(planned)" "$(paste -sd' ' <<'END'
write sriov_drivers_autoprobe 0
write sriov_numvfs 3
verify sriov_numvfs 3
netlink eth4 vf 0 mac 52:54:00:11:22:33
netlink eth4 vf 0 vlan 7 qos 3 proto 802.1ad
netlink eth4 vf 0 spoofchk off
netlink eth4 vf 0 trust on
netlink eth4 vf 0 state enable
netlink eth4 vf 0 max_tx_rate 1000 min_tx_rate 100
write virtfn0/sriov_vf_msix_count 9
write virtfn0/d3cold_allowed 0
load vfio-pci ids=
load vfio_iommu_type1 
write virtfn0/driver_override vfio-pci
write /sys/bus/pci/drivers_probe 0000:04:10.0
verify virtfn0/driver vfio-pci
write virtfn1/driver_override vfio-pci
write /sys/bus/pci/drivers_probe 0000:04:10.2
verify virtfn1/driver vfio-pci
write sriov_drivers_autoprobe 1
write /sys/bus/pci/drivers_probe 0000:04:10.4
END
    )" operations
}

@test "bnxt's interface is brought up first, and nothing else is" {
    pci_bind 0000:04:00.0 bnxt_en
    functions VirtualFunctions=1 Driver=native
    plan
    exits 0
    is "$(planned)" "netlink eth4 up write sriov_drivers_autoprobe 0 write sriov_numvfs 1 verify sriov_numvfs 1 write sriov_drivers_autoprobe 1 write /sys/bus/pci/drivers_probe 0000:04:10.0" operations
}

@test "all is as many as there can be, and existing makes none" {
    functions VirtualFunctions=all
    plan
    rule_says 50-nic '^makes 7 '
    functions VirtualFunctions=existing
    plan
    exits 0
    is "$(planned)" '' operations
}

@test "derived addresses are the same each time, of one host, one parent and one index" {
    local first
    functions VirtualFunctions=2 '[VirtualFunction]' Index=0-1 MACAddress=derive
    plan
    first=$(get '.operations[] | select(.op == "netlink").value')
    [[ $first =~ ^'vf 0 mac '([0-9a-f]{2}(:[0-9a-f]{2}){5})' vf 1 mac '([0-9a-f]{2}(:[0-9a-f]{2}){5})$ ]] || { show && return 1; }
    [[ ${BASH_REMATCH[1]} != "${BASH_REMATCH[3]}" ]]
    (((0x${BASH_REMATCH[1]%%:*} & 3) == 2))
    plan
    is "$(get '.operations[] | select(.op == "netlink").value')" "$first" again
    put /etc/machine-id ffff456789abcdef0123456789abcdef
    plan
    [[ $(get '.operations[] | select(.op == "netlink").value') != "$first" ]]
}

@test "the function stays with the host in every stage, and its own rule takes no VF that another rule has" {
    made 2
    pci_set 0000:04:00.0 sriov_numvfs 2
    rule 10-one '[Match]' Parent=04:00.0 VirtualFunction=1 '[Device]' Driver=native
    functions VirtualFunctions=2
    plan
    device 0000:04:00.0 keep
    device 0000:04:10.0 bind vfio-pci host
    device 0000:04:10.2 keep
    is "$(get '.devices[] | select(.address == "0000:04:10.2").rule')" 10-one rule
}

@test "refused, and nothing is planned: more than there can be, no SR-IOV" {
    functions VirtualFunctions=8
    plan
    exits 1
    rule_is 50-nic refused
    rule_says 50-nic 'at most 7 virtual functions, and the rule wants 8'
    is "$(planned)" '' operations
    rule 50-nic '[Match]' Address=00:19.0 '[SR-IOV]' VirtualFunctions=1
    plan
    rule_says 50-nic '00:19\.0: it has no virtual functions'
    pci_set 0000:04:00.0 sriov_totalvfs 4294967295
    functions VirtualFunctions=all
    plan
    exits 1
    rule_says 50-nic 'cannot see whether it has virtual functions'
}

@test "by hand it is the rule as it is now; a dry run says what it would make, and makes nothing" {
    made 2 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 0
    functions VirtualFunctions=1
    make_functions 50-nic
    exits 0
    functions VirtualFunctions=2
    make_functions 50-nic
    exits 1
    has "its text changed since this boot's plan was made"
    attribute 0000:04:00.0 sriov_numvfs 1
    ctl bind 50-nic --dry-run
    exits 0
    has '50-nic: 04:00.0: would make 2 virtual functions'
    attribute 0000:04:00.0 sriov_numvfs 1
    ctl bind 50-nic
    exits 0
    attribute 0000:04:00.0 sriov_numvfs 2
    attribute 0000:04:10.2 driver_override vfio-pci
    functions VirtualFunctions=9
    ctl bind 50-nic --dry-run
    exits 1
    has 'at most 7'
}

@test "released, they go away, unless somebody uses one" {
    made 2
    pci_set 0000:04:00.0 sriov_numvfs 2
    functions VirtualFunctions=2
    pci_bind 0000:04:10.2 igbvf
    nic eth9 0000:04:10.2 up
    ctl release 50-nic
    exits 1
    has '0000:04:00.0: its virtual functions stay: in use: 0000:04:10.2: eth9 is up'
    attribute 0000:04:00.0 sriov_numvfs 2
    pci_set 0000:04:10.2 net/eth9/flags 0x1002
    ctl release 50-nic
    exits 0
    attribute 0000:04:00.0 sriov_numvfs 0
    attribute 0000:04:00.0 sriov_drivers_autoprobe 1
}

@test "a function that somebody has set aside makes none" {
    functions VirtualFunctions=2
    pci_bind 0000:04:00.0 vfio-pci
    make_functions 50-nic
    exits 1
    has 'vfio-pci has it, which makes no virtual functions'
}

@test "on a host that is up: made, set up, handed over, and each write in its order" {
    made 3 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 0
    functions VirtualFunctions=3 '[VirtualFunction]' Index=0-1 Trust=yes '[VirtualFunction]' Index=2 Driver=native
    make_functions 50-nic
    exits 0
    attribute 0000:04:00.0 sriov_numvfs 3
    attribute 0000:04:00.0 sriov_drivers_autoprobe 1
    attribute 0000:04:10.0 driver_override vfio-pci
    attribute 0000:04:10.2 driver_override vfio-pci
    attribute 0000:04:10.4 driver_override '(null)'
    diff "$ROOT/passthrough-netlink" - <<'END'
eth4 vf 0 trust on
eth4 vf 1 trust on
END
    ctl status --json
    exits 0
    rule_is 50-nic ok
    is "$(get '.devices[] | select(.rule == "50-nic" and .state == "bound").address')" '0000:04:10.0 0000:04:10.2' bound
}

@test "a network that is up on the function is not interrupted; a boot would make them" {
    rm "$ROOT/proc/net/route"
    default_route eth4
    pci_set 0000:04:00.0 net/eth4/flags 0x1003
    functions VirtualFunctions=3
    plan
    rule_is 50-nic ok
    make_functions 50-nic
    exits 1
    attribute 0000:04:00.0 sriov_numvfs 0
    attribute 0000:04:00.0 sriov_drivers_autoprobe 1
    has 'the host needs it' 'default route' 'a boot makes them before its network is up'
    ctl status --json
    exits 1
    rule_is 50-nic refused
}

@test "a number changes only where no virtual function is in use, and who uses one is named" {
    made 2 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 2
    process 4711 qemu-system-x86 /dev/vfio/40
    functions VirtualFunctions=3
    make_functions 50-nic
    exits 1
    attribute 0000:04:00.0 sriov_numvfs 2
    has '0000:04:10.0: qemu-system-x86 (PID 4711) has /dev/vfio/40 open' 'takes all virtual functions away'
    rm -r "$ROOT/proc/4711"
    made 3 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 2
    make_functions 50-nic
    exits 0
    attribute 0000:04:00.0 sriov_numvfs 3
}

@test "nor where the host has one: its interface is up, is part of another, or is nowhere to be seen" {
    made 1 driver=igbvf
    pci_set 0000:04:00.0 sriov_numvfs 1
    functions VirtualFunctions=3
    make_functions 50-nic
    exits 1
    has 'igbvf has it, and its interface does not show: another network namespace may have it'
    nic eth9 0000:04:10.0 up
    make_functions 50-nic
    exits 1
    has 'in use: 0000:04:10.0: eth9 is up;'
    pci_set 0000:04:10.0 net/eth9/flags 0x1002
    link "$(pci_dir 0000:04:10.0)/net/eth9/master" devices/virtual/net/bond7
    make_functions 50-nic
    exits 1
    has 'in use: 0000:04:10.0: eth9 is part of bond7;'
    rm "$ROOT/sys/$(pci_dir 0000:04:10.0)/net/eth9/master"
    mv "$ROOT/sys/class/net" "$ROOT/sys/class/net.gone"
    make_functions 50-nic
    exits 1
    has 'in use: 0000:04:10.0: cannot see which network interfaces there are;'
    attribute 0000:04:00.0 sriov_numvfs 1
}

@test "fewer than were asked for is named, and those are handed over" {
    made 2 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 0
    functions VirtualFunctions=3
    make_functions 50-nic
    exits 1
    has '50-nic: 2 of 3 virtual functions are there'
    attribute 0000:04:10.2 driver_override vfio-pci
}

@test "one that another rule takes is there all the same" {
    made 2 driver=igbvf
    functions VirtualFunctions=2 Driver=native
    rule 10-one '[Match]' Parent=04:00.0 VirtualFunction=1 '[Device]' Stage=demand
    make_functions 50-nic
    exits 0
    ctl status --json
    exits 0
    rule_is 50-nic ok
    rule_is 10-one idle
    ctl status
    has '50-nic  ok      its virtual functions are there'
    rule 10-one '[Match]' Parent=04:00.0 VirtualFunction=0-1 '[Device]' Expect=2 Stage=demand
    ctl status --json
    exits 0
    rule_is 50-nic ok
}

@test "what cannot be set is named, and the function is handed over all the same" {
    made 1 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 0
    functions VirtualFunctions=1 '[VirtualFunction]' Index=0 MSIXVectors=5
    make_functions 50-nic
    exits 0
    has 'virtfn0/sriov_vf_msix_count=5: No such file or directory'
    ctl status --json
    exits 0
    rule_is 50-nic ok
    rule_says 50-nic 'sriov_vf_msix_count=5'
}

@test "the rule's service fails as long as its virtual functions are not there" {
    functions VirtualFunctions=2
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule=50-nic
    exits 1
    has '50-nic: 0 of 2 virtual functions are there'
}

@test "a driver or an interface that is not there yet is waited for, and then named" {
    rm "$(pci_file 0000:04:00.0 driver)"
    functions VirtualFunctions=2
    make_functions 50-nic
    exits 1
    has '0000:04:00.0 waits for a driver'
    pci_bind 0000:04:00.0 igb
    rm -r "$(pci_file 0000:04:00.0 net)" "$ROOT/sys/class/net/eth4"
    functions VirtualFunctions=2 '[VirtualFunction]' Index=0 Trust=yes
    make_functions 50-nic
    exits 1
    has 'waits for its network interface'
    attribute 0000:04:00.0 sriov_numvfs 0
}

@test "a representor is never taken for the function's own interface" {
    local net
    net=$(pci_file 0000:04:00.0 net)
    cp -r "$net/eth4" "$net/aaa0"
    echo pf0vf3 >"$net/aaa0/phys_port_name"
    echo p0 >"$net/eth4/phys_port_name"
    functions VirtualFunctions=1 '[VirtualFunction]' Index=0 Trust=yes
    plan
    is "$(get '.operations[] | select(.op == "netlink").target')" eth4 interface
}

@test "the generator starts one unit for each such rule on the host, none in an initrd, and none for other rules" {
    functions VirtualFunctions=2
    rule 60-other '[Match]' Address=00:19.0
    mkdir -p "$ROOT"/run/{normal,early,late}
    "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
    is "$(cd "$ROOT/run/normal" && find . -name '*sriov*')" ./multi-user.target.wants/passthrough-sriov@50-nic.service units
    rm -r "$ROOT"/run/{normal,early,late}
    mkdir -p "$ROOT"/run/{normal,early,late}
    put /etc/initrd-release ID=debian
    SYSTEMD_IN_INITRD=1 "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
    is "$(cd "$ROOT/run/normal" && find . -name '*sriov*')" '' units
}

@test "udev starts it where the function's driver came anew" {
    functions VirtualFunctions=2
    "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    grep -q 'SUBSYSTEM=="pci", DRIVER=="?\*", DEVPATH=="\*/pci0000:00/0000:00:04.0/0000:??:00.0", .*passthrough-sriov@50-nic.service' "$ROOT"/run/udev/rules.d/*
    grep -q 'ENV{SYSTEMD_READY}="0"' "$ROOT"/run/udev/rules.d/*
}

@test "an initrd leaves the function and its virtual ones alone, whatever the sections say, and the host goes on from there" {
    made 2 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 2
    functions VirtualFunctions=2 '[VirtualFunction]' Index=1 Driver=native
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    exits 0
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=root
    exits 0
    attribute 0000:04:00.0 sriov_numvfs 2
    attribute 0000:04:10.0 driver_override '(null)'
    make_functions 50-nic
    exits 0
    attribute 0000:04:10.0 driver_override vfio-pci
    attribute 0000:04:10.2 driver_override '(null)'
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule=50-nic
    exits 0
}

@test "a number does not change where a virtual function does not show, tells nothing, or has its verbs open" {
    made 2 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 2
    functions VirtualFunctions=3
    mv "$(pci_file 0000:04:10.2 physfn)" "$ROOT/physfn"
    make_functions 50-nic
    exits 1
    attribute 0000:04:00.0 sriov_numvfs 2
    has '0000:04:00.0: in use: of its 2 virtual functions only 1 show'
    mv "$ROOT/physfn" "$(pci_file 0000:04:10.2 physfn)"
    rule 10-one '[Match]' Parent=04:00.0 VirtualFunction=1 '[Device]' Driver=native
    mv "$(pci_file 0000:04:10.2 modalias)" "$(pci_file 0000:04:10.2 vendor)" "$ROOT"
    make_functions 50-nic
    exits 1
    attribute 0000:04:00.0 sriov_numvfs 2
    has '0000:04:10.2: its vendor, device and class cannot be read'
    mv "$ROOT"/{modalias,vendor} "$(pci_file 0000:04:10.2 .)"
    pci_bind 0000:04:10.2 mlx5_core
    nic ib1 0000:04:10.2
    devnode 0000:04:10.2 infiniband_verbs/uverbs1 infiniband/uverbs1 231:193
    process 4712 mpirun /dev/infiniband/uverbs1
    make_functions 50-nic
    exits 1
    attribute 0000:04:00.0 sriov_numvfs 2
    has 'in use: 0000:04:10.2: ' 'mpirun (PID 4712)'
    rm -r "$ROOT/proc/4712"
    make_functions 50-nic
    attribute 0000:04:00.0 sriov_numvfs 3
}

@test "a rule that matches more functions than it expects makes and takes away none" {
    pci_add 0000:04:00.1 8086:10c9 0200 under=0000:00:04.0 group=5 driver=igb
    sriov 0000:04:00.1 7
    rule 50-nic '[Match]' ID=8086:10c9 '[SR-IOV]' VirtualFunctions=2
    plan
    exits 1
    rule_is 50-nic refused
    is "$(planned)" '' operations
    is "$(get '.devices[] | select(.action == "bind").address')" '' bound
    made 3 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 3
    run "$BUILD/passthrough-sriov" --root="$ROOT" --none 50-nic
    attribute 0000:04:00.0 sriov_numvfs 3
}

@test "why a rule makes none is said by plan and check, and nothing advises to apply it" {
    functions VirtualFunctions=9
    ctl plan
    exits 1
    has 'at most 7 virtual functions, and the rule wants 9'
    ctl check --json
    is "$(get '.checks[] | select(.id == "guard.50-nic").status')" fail row
    ctl check
    has 'at most 7 virtual functions' 'passthroughctl remove 50-nic'
    has_not 'has the next boot carry the rules out'
}

@test "a host without such a rule starts nothing for it: no unit, no line of udev's, no library in what it runs" {
    local program
    rule 60-other '[Match]' Address=00:19.0
    mkdir -p "$ROOT"/run/{normal,early,late}
    "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
    is "$(cd "$ROOT/run" && find normal early late -not -type d | sort | paste -sd' ')" "$(paste -sd' ' <<'END'
normal/multi-user.target.wants/passthrough.target
normal/passthrough.target.wants/passthrough@60-other.service
normal/sysinit.target.wants/passthrough-udev.service
END
    )" units
    "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    grep -q . "$ROOT"/run/udev/rules.d/*
    run ! grep -E 'sriov|SYSTEMD_READY' "$ROOT"/run/udev/rules.d/*
    rm "$ROOT"/etc/passthrough.d/* "$ROOT"/run/udev/rules.d/*
    "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    is "$(find "$ROOT/run/udev/rules.d" -type f)" '' "udev's rules"
    for program in passthrough-bind passthrough-demand passthrough-generator passthrough-cmdline; do
        is "$(readelf -d "$BUILD/$program" | grep mnl)" '' "library of $program"
    done
    readelf -d "$BUILD/passthrough-sriov" | grep -q mnl
}

@test "a greedy rule takes neither the function that the host answers on, nor a virtual one that is part of a bond, in use or not" {
    made 3 driver=igbvf
    nic eth9 0000:04:10.0
    nic eth8 0000:04:10.2
    nic eth7 0000:04:10.4
    put /sys/devices/virtual/net/bond0/flags 0x1003
    link class/net/bond0 devices/virtual/net/bond0
    link "$(pci_dir 0000:04:10.0)/net/eth9/master" devices/virtual/net/bond0
    link devices/virtual/net/bond0/lower_eth9 "$(pci_dir 0000:04:10.0)/net/eth9"
    rm "$ROOT/proc/net/route"
    default_route eno1
    add_line /proc/net/route $'bond0\t0001000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0'
    rule 10-all '[Match]' Class=network '[Device]' Expect=0-
    plan
    refused 0000:00:19.0 'eno1 ← default route'
    refused 0000:04:10.0 'eth9 ← bond0 ← a route'
    refused 0000:04:00.0 '.'
    bound 0000:04:10.2 0000:04:10.4
    # Nor does one that makes them, by hand; and nothing changes for those that are there.
    rm "$ROOT/etc/passthrough.d/10-all.conf"
    functions VirtualFunctions=5
    ctl bind 50-nic
    exits 1
    has '0000:04:10.0: the host needs it: 0000:04:10.0 ← eth9 ← bond0 ← a route'
    attribute 0000:04:00.0 sriov_numvfs 3
    attribute 0000:04:10.0 driver_override '(null)'
}

@test "fewer than there are: those that are too many are not asked for, and hold nothing back, unless the host needs one" {
    made 3 driver=igbvf
    nic eth9 0000:04:10.0
    nic eth8 0000:04:10.2
    nic eth7 0000:04:10.4
    functions VirtualFunctions=2
    plan
    device 0000:04:10.4 keep
    bound 0000:04:10.0 0000:04:10.2
    # Down, and what stands on it is declared.
    put /sys/devices/virtual/net/eth7.5/flags 0x1002
    link class/net/eth7.5 devices/virtual/net/eth7.5
    link devices/virtual/net/eth7.5/lower_eth7 "$(pci_dir 0000:04:10.4)/net/eth7"
    put /etc/network/interfaces 'auto eth7.5' 'iface eth7.5 inet dhcp'
    make_functions 50-nic
    exits 1
    has 'in use: 0000:04:10.4: eth7' ' ← /etc/network/interfaces; another number'
    attribute 0000:04:00.0 sriov_numvfs 3
    rm "$ROOT/etc/network/interfaces"
    pci_bind 0000:04:10.0 vfio-pci
    pci_bind 0000:04:10.2 vfio-pci
    make_functions 50-nic
    attribute 0000:04:00.0 sriov_numvfs 2
}
