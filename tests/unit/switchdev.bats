# Functions whose virtual ones are ports of the host's switch: each driver has its own order, and a boot does what the plan says.

load product
load tree
load sriov

PF=/sys/bus/pci/devices/0000:04:00.0

setup() {
    tree_again switchdev && return
    host_with_uplink
    tree_keep switchdev
}

# card ID DRIVER [up]: a network card at 0000:04:00.0 that may have eight virtual functions.
card() {
    function_with_functions "$1" 0200 "$2" 8
    nic eth4 0000:04:00.0 "${@:3}"
}

# The operations, in order, one a line.
planned_lines() {
    jq -r '.operations[] | "\(.op) \(.target) \(.value)"' <<<"$output" | sed "s,$PF/,,g"
}

# planned_is LINE...: what is planned besides the binding of virtual functions.
planned_is() {
    diff <(planned_lines | grep -vE '^load|driver_override|drivers_probe|/driver vfio-pci') <(printf '%s\n' "$@")
}

# traced_is LINE...: what went through netlink.
traced_is() {
    diff "$ROOT/passthrough-netlink" <(printf '%s\n' "$@")
}

MODE='pci/0000:04:00.0 eswitch mode switchdev'
OFFLOAD='representor 0 of 0000:04:00.0 hw-tc-offload on'

@test "the plan says for people, too, that the mode is switchdev" {
    card 15b3:101d mlx5_core
    functions VirtualFunctions=2 Eswitch=switchdev
    ctl plan
    has 'makes 2 virtual functions in switchdev mode: 0-1 for virtual machines (vfio-pci)'
    functions VirtualFunctions=2
    ctl plan
    has 'makes 2 virtual functions: 0-1'
}

@test "mlx5: the functions, the mode while none of them has a driver, offload, settings, and then they are bound" {
    card 15b3:101d mlx5_core
    functions VirtualFunctions=2 Eswitch=switchdev '[VirtualFunction]' Index=0 MACAddress=52:54:00:11:22:33 '[VirtualFunction]' Index=1 Driver=native
    plan
    exits 0
    rule_says 50-nic '^makes 2 virtual functions of 0000:04:00\.0, in switchdev mode$'
    diff <(planned_lines) - <<'END'
write sriov_drivers_autoprobe 0
write sriov_numvfs 2
verify sriov_numvfs 2
devlink pci/0000:04:00.0 eswitch mode switchdev
netlink eth4 hw-tc-offload on
netlink representor 0 of 0000:04:00.0 hw-tc-offload on
netlink representor 1 of 0000:04:00.0 hw-tc-offload on
netlink eth4 vf 0 mac 52:54:00:11:22:33
load vfio-pci ids=
load vfio_iommu_type1 
write virtfn0/driver_override vfio-pci
write /sys/bus/pci/drivers_probe 0000:04:10.0
verify virtfn0/driver vfio-pci
write sriov_drivers_autoprobe 1
write /sys/bus/pci/drivers_probe 0000:04:10.2
END
}

@test "ice: the mode while there is no virtual function" {
    card 8086:1592 ice
    functions VirtualFunctions=1 Eswitch=switchdev
    plan
    exits 0
    planned_is 'write sriov_drivers_autoprobe 0' "devlink $MODE" 'write sriov_numvfs 1' 'verify sriov_numvfs 1' \
        'netlink eth4 hw-tc-offload on' "netlink $OFFLOAD" 'write sriov_drivers_autoprobe 1'
}

@test "ConnectX-6 Lx: likewise, unlike the others of its driver" {
    card 15b3:101f mlx5_core
    functions VirtualFunctions=1 Eswitch=switchdev
    plan
    exits 0
    planned_is 'write sriov_drivers_autoprobe 0' "devlink $MODE" 'write sriov_numvfs 1' 'verify sriov_numvfs 1' \
        'netlink eth4 hw-tc-offload on' "netlink $OFFLOAD" 'write sriov_drivers_autoprobe 1'
}

@test "where there are functions, they go first: ice changes nothing while there are" {
    card 8086:1592 ice
    made 2
    pci_set 0000:04:00.0 sriov_numvfs 2
    functions VirtualFunctions=2 Eswitch=switchdev
    make_functions 50-nic
    traced_is "$MODE" 'eth4 hw-tc-offload on' "$OFFLOAD" "${OFFLOAD/0/1}"
    attribute 0000:04:00.0 sriov_numvfs 2
}

@test "bnxt: its interface up, the functions, then the mode" {
    card 14e4:16d7 bnxt_en
    functions VirtualFunctions=1 Eswitch=switchdev
    plan
    exits 0
    planned_is 'netlink eth4 up' 'write sriov_drivers_autoprobe 0' 'write sriov_numvfs 1' 'verify sriov_numvfs 1' "devlink $MODE" \
        'netlink eth4 hw-tc-offload on' "netlink $OFFLOAD" 'write sriov_drivers_autoprobe 1'
}

@test "a driver that nobody knows: the mode first, and after the functions where that could not be" {
    card 19ee:4000 nfp
    functions VirtualFunctions=1 Eswitch=switchdev
    plan
    exits 0
    planned_is 'write sriov_drivers_autoprobe 0' "devlink $MODE" 'write sriov_numvfs 1' 'verify sriov_numvfs 1' "devlink $MODE" \
        'netlink eth4 hw-tc-offload on' "netlink $OFFLOAD" 'write sriov_drivers_autoprobe 1'
    is "$(get '.operations[] | select(.op == "devlink").why')" \
        'most drivers change that while they have no virtual functions only where it could not be set before' why
}

@test "a boot does what the plan says: the mode once, then the rest, in that order" {
    card 19ee:4000 nfp
    made 2 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 0
    functions VirtualFunctions=2 Eswitch=switchdev '[VirtualFunction]' Index=1 MACAddress=52:54:00:11:22:33 LinkState=auto
    make_functions 50-nic
    exits 0
    traced_is "$MODE" 'eth4 hw-tc-offload on' "$OFFLOAD" "${OFFLOAD/0/1}" 'eth4 vf 1 mac 52:54:00:11:22:33' 'eth4 vf 1 state auto'
    attribute 0000:04:00.0 sriov_numvfs 2
    attribute 0000:04:10.0 driver_override vfio-pci
    attribute 0000:04:00.0 sriov_drivers_autoprobe 1
}

@test "QAT makes all or none" {
    function_with_functions 8086:4940 0b40 4xxx 16
    functions VirtualFunctions=4
    plan
    exits 1
    rule_is 50-nic refused
    rule_says 50-nic 'its driver makes all 16 virtual functions or none, and the rule wants 4; write VirtualFunctions=all'
    functions VirtualFunctions=all
    plan
    exits 0
    planned_is 'write sriov_drivers_autoprobe 0' 'write sriov_numvfs 16' 'verify sriov_numvfs 16' 'write sriov_drivers_autoprobe 1'
}

@test "igb makes seven, whatever the device has, and says that its link goes down meanwhile" {
    card 8086:1521 igb
    functions VirtualFunctions=all
    plan
    exits 0
    rule_says 50-nic '^makes 7 '
    is "$(get '.operations[] | select(.value == "7" and .op == "write").why')" 'makes them; its link goes down meanwhile' why
    functions VirtualFunctions=8
    plan
    exits 1
    rule_says 50-nic 'at most 7'
}

@test "existing: unbound, the mode, and bound again; none is made and none taken away" {
    card 15b3:101d mlx5_core
    made 2 driver=mlx5_core
    nic eth9 0000:04:10.0
    nic eth10 0000:04:10.2
    pci_set 0000:04:00.0 sriov_numvfs 2
    functions VirtualFunctions=existing Eswitch=switchdev '[VirtualFunction]' Index=1 Driver=native
    ctl bind 50-nic --dry-run
    exits 0
    has '50-nic: 04:00.0: would change the mode of its switch'
    plan
    exits 0
    rule_says 50-nic '^changes the mode of the switch of 0000:04:00\.0$'
    planned_is 'write virtfn0/driver/unbind 0000:04:10.0' 'write virtfn1/driver/unbind 0000:04:10.2' "devlink $MODE" \
        'netlink eth4 hw-tc-offload on' "netlink $OFFLOAD" "netlink ${OFFLOAD/0/1}"
    : >"$(pci_file 0000:04:10.2 driver/unbind)"
    run --separate-stderr "$BUILD/passthrough-sriov" --root="$ROOT" --none 50-nic
    exits 0
    attribute 0000:04:10.2 driver/unbind ''
    [[ ! -e $ROOT/passthrough-netlink ]]
}

@test "existing, of a driver that changes the mode without virtual functions only, is refused" {
    card 8086:1592 ice
    made 1
    pci_set 0000:04:00.0 sriov_numvfs 1
    functions VirtualFunctions=existing Eswitch=switchdev
    plan
    exits 1
    rule_says 50-nic 'changes only while it has no virtual functions, and VirtualFunctions=existing leaves them there'
}

@test "a mode that is there already is not set again, and what goes through it is" {
    card 15b3:101d mlx5_core
    made 2 driver=vfio-pci
    representors 2
    pci_set 0000:04:00.0 sriov_numvfs 2
    functions VirtualFunctions=2 Eswitch=switchdev
    make_functions 50-nic
    exits 0
    traced_is 'eth4 hw-tc-offload on' "$OFFLOAD" "${OFFLOAD/0/1}"
}

@test "a mode changes only where nobody uses a virtual function, and who does is named" {
    card 15b3:101d mlx5_core
    made 2 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 2
    process 4711 qemu-system-x86 /dev/vfio/40
    functions VirtualFunctions=2 Eswitch=switchdev
    make_functions 50-nic
    exits 1
    has '0000:04:10.0: qemu-system-x86 (PID 4711) has /dev/vfio/40 open' 'the mode of its switch changes only while nobody uses a virtual function'
    [[ ! -e $ROOT/passthrough-netlink ]]
    rm -r "$ROOT/proc/4711"
    make_functions 50-nic
    exits 0
    grep -qx "$MODE" "$ROOT/passthrough-netlink"
    attribute 0000:04:00.0 sriov_numvfs 2
}

@test "back to legacy where there are representors" {
    card 15b3:101d mlx5_core
    made 1
    representors 1
    pci_set 0000:04:00.0 sriov_numvfs 1
    functions VirtualFunctions=1 Eswitch=legacy
    make_functions 50-nic
    traced_is 'pci/0000:04:00.0 eswitch mode legacy'
}

@test "under a network that the host answers on the mode changes at boot, and not by hand" {
    card 15b3:101d mlx5_core up
    made 1
    pci_set 0000:04:00.0 sriov_numvfs 1
    rm "$ROOT/proc/net/route"
    default_route eth4
    functions VirtualFunctions=1 Eswitch=switchdev
    plan
    rule_is 50-nic ok
    planned_lines | grep -qx "devlink $MODE"
    ctl bind 50-nic
    exits 1
    has 'the host needs it' 'a boot makes them before its network is up'
    [[ ! -e $ROOT/passthrough-netlink ]]
}

# database FILE RECORD...: of Open vSwitch: each transaction is a line of its own, with another in front of it.
database() {
    local record
    for record in '{"name":"Open_vSwitch","tables":{}}' "${@:2}"; do
        printf 'OVSDB JSON %s %040d\n%s\n' "${#record}" 0 "$record"
    done | put "$1"
}

OFFLOADED='{"Open_vSwitch":{"a":{"other_config":["map",[["x","y"],["hw-offload","true"]]]}}}'

# row ID STATUS REGEX: of check.
row() {
    get ".checks[] | select(.id == \"$1\" and .status == \"$2\") | .message + .fix" | grep -qE -- "$3" || { show && return 1; }
}

@test "check reads whether Open vSwitch forwards in hardware, wherever its database is" {
    local file
    card 15b3:101d mlx5_core
    functions VirtualFunctions=2 Eswitch=switchdev
    ctl check --json
    row openvswitch.offload skip 'no database of Open vSwitch'
    for file in /etc/openvswitch/conf.db /var/lib/openvswitch/conf.db; do
        database "$file" '{"Open_vSwitch":{"a":{"db_version":"8.3.0"}}}'
        ctl check --json
        row openvswitch.offload warn 'hw-offload is not true.*ovs-vsctl set Open_vSwitch . other_config:hw-offload=true'
        database "$file" '{"Open_vSwitch":{"a":{"db_version":"8.3.0"}}}' "$OFFLOADED"
        ctl check --json
        row openvswitch.offload pass 'hw-offload=true'
        rm "$ROOT$file"
    done
    functions VirtualFunctions=2
    ctl check --json
    row openvswitch.offload skip 'no rule has Eswitch=switchdev'
}

@test "its database is replayed: a column again, a difference, a row that goes, a record that is cut off" {
    local db=/etc/openvswitch/conf.db
    card 15b3:101d mlx5_core
    functions VirtualFunctions=2 Eswitch=switchdev
    database $db "$OFFLOADED" '{"Open_vSwitch":{"a":{"other_config":["map",[["x","z"]]]}}}'
    ctl check --json
    row openvswitch.offload warn 'is not true'
    database $db "$OFFLOADED" '{"_is_diff":true,"Open_vSwitch":{"a":{"other_config":["map",[["x","z"]]]}}}'
    ctl check --json
    row openvswitch.offload pass .
    database $db "$OFFLOADED" '{"_is_diff":true,"Open_vSwitch":{"a":{"other_config":["map",[["hw-offload","true"]]]}}}'
    ctl check --json
    row openvswitch.offload warn 'is not true'
    database $db "$OFFLOADED" '{"Open_vSwitch":{"a":null}}'
    ctl check --json
    row openvswitch.offload warn 'is not true'
    database $db "$OFFLOADED"
    printf 'OVSDB JSON 99 0\n{"Open_vSwitch":{"a":{"other_con' >>"$ROOT$db"
    ctl check --json
    row openvswitch.offload pass .
    put $db 'OVSDB CLUSTER 9 0' '{}'
    ctl check
    has 'conf.db cannot be read' 'ovs-vsctl get'
}

@test "ports of Open vSwitch whose interface is gone are named, and its own are not; a captured machine says the same" {
    local rows
    card 15b3:101d mlx5_core
    functions VirtualFunctions=2 Eswitch=switchdev
    database /etc/openvswitch/conf.db "$OFFLOADED" \
        '{"Interface":{"1":{"name":"eth4"},"2":{"name":"eth4_0","type":"system"},"3":{"name":"br0","type":"internal"},"4":{"name":"eth4_1"}}}' \
        '{"Interface":{"4":null,"5":{"name":"vx0","type":"vxlan"}}}'
    ctl check --json
    is "$(get '.checks[] | select(.id == "openvswitch.ports").fix')" 'ovs-vsctl del-port eth4_0' fix
    rows=$(get '.checks[] | select(.id | startswith("openvswitch")) | .status + .message')
    ctl capture "$BATS_TEST_TMPDIR/captured"
    exits 0
    ROOT=$BATS_TEST_TMPDIR/captured ctl check --json
    is "$(get '.checks[] | select(.id | startswith("openvswitch")) | .status + .message')" "$rows" rows
    ! grep -q vxlan "$BATS_TEST_TMPDIR/captured/etc/openvswitch/conf.db"
}

@test "what goes through an interface that is not there yet is planned, too" {
    function_with_functions 15b3:101d 0200 mlx5_core 8
    functions VirtualFunctions=1 Eswitch=switchdev '[VirtualFunction]' Index=0 MACAddress=52:54:00:11:22:33
    plan
    exits 0
    is "$(get '.operations[] | select(.op == "netlink").target')" \
        'its network interface representor 0 of 0000:04:00.0 its network interface' targets
    functions VirtualFunctions=1 Eswitch=switchdev
    make_functions 50-nic
    exits 1
    has 'waits for its network interface'
    attribute 0000:04:00.0 sriov_numvfs 0
}

@test "a function that the host starts from keeps its mode, at boot too: its network is up from the initrd" {
    load tree-guard
    card 15b3:101d mlx5_core up
    made 1
    pci_set 0000:04:00.0 sriov_numvfs 1
    rm "$ROOT/proc/net/route"
    default_route eth4
    root_is '30 1 0:40 / / rw,relatime - nfs 192.0.2.9:/export/root rw,vers=3,addr=192.0.2.9'
    printf 'BOOT_IMAGE=vmlinuz root=/dev/nfs nfsroot=192.0.2.9:/export/root ip=dhcp ro\n' >"$ROOT/proc/cmdline"
    functions VirtualFunctions=1 Eswitch=switchdev
    make_functions 50-nic
    exits 1
    has 'the host needs it'
    [[ ! -e $ROOT/passthrough-netlink ]]
    attribute 0000:04:00.0 sriov_numvfs 1
}
