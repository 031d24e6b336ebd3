# What the commands say of virtual functions that a rule makes, and what they take.

load product
load tree
load sriov

PF=/sys/bus/pci/devices/0000:04:00.0

setup() {
    tree_again sriov-verbs && return
    host_with_uplink
    nic_with_functions
    tree_keep sriov-verbs
}

@test "a captured machine has the same plan for virtual functions, raw or not" {
    functions VirtualFunctions=3 '[VirtualFunction]' Index=0-1 MACAddress=derive Trust=yes
    plan
    captured_alike
    rule 50-nic '[Match]' Path=00:04.0/00.0 '[SR-IOV]' VirtualFunctions=existing
    made 2 driver=igbvf
    plan
    captured_alike
}

# two_functions: a second one on the card, which can have 2 virtual ones.
two_functions() {
    pci_add 0000:04:00.1 8086:10c9 0200 under=0000:00:04.0 group=5 driver=igb
    nic eth5 0000:04:00.1
    sriov 0000:04:00.1 2
}

@test "of several parents those that are fit go on, and each that is not is named" {
    two_functions
    rule 50-nic '[Match]' ID=8086:10c9 '[Device]' Expect=2 '[SR-IOV]' VirtualFunctions=3 '[VirtualFunction]' Index=2 Driver=native
    plan
    exits 1
    rule_is 50-nic refused
    rule_says 50-nic '^0000:04:00\.1: it has at most 2 virtual functions, and the rule wants 3$'
    is "$(get '.operations[] | select(.target | endswith("/sriov_numvfs")) | "\(.op) \(.target) \(.value)"')" \
        "write $PF/sriov_numvfs 3 verify $PF/sriov_numvfs 3" operations
    ctl plan
    is "$(shows)" "$(
        paste -sd' ' <<'END'
50-nic refused 04:00.0 Intel 82576 Gigabit Network Connection, eth4 igb stays
makes 3 virtual functions: 0-1 for virtual machines (vfio-pci), 2 for the host
x 04:00.1 Intel 82576 Gigabit Network Connection, eth5 igb stays
it has at most 2 virtual functions, and the rule wants 3
END
    )" rows
    pci_set 0000:04:00.0 sriov_totalvfs 1
    plan
    rule_says 50-nic '^0000:04:00\.0: it has at most 1 .*; 0000:04:00\.1: it has at most 2 '
    is "$(planned)" '' operations
    pci_set 0000:04:00.0 sriov_totalvfs 3
    pci_set 0000:04:00.1 sriov_totalvfs 3
    plan
    exits 0
    rule_says 50-nic '^makes 3 virtual functions of 0000:04:00\.0, 3 of 0000:04:00\.1$'
}

# shows: the rows of plan's rules.
shows() {
    sed -n '2,/^$/p' <<<"$output" | paste -sd' ' | tr -s ' ' | sed 's/^ *//; s/ *$//'
}

@test "each step of making them is shown, in the order of the document" {
    local steps
    functions VirtualFunctions=1 '[VirtualFunction]' Index=0 Trust=yes
    plan
    steps=$(get '.operations[] | "\(.op) \(.target)"')
    ctl plan --steps
    exits 0
    is "$(sed -n '/^  Operations/,$p' <<<"$output" | sed -n 's/^  host    *\([a-z]*\)  *\([^ ]*\).*/\1 \2/p' | paste -sd' ')" "$steps" steps
}

@test "show has what is handed over, and the network of libvirt's only where it is asked for" {
    made 3 driver=vfio-pci
    functions VirtualFunctions=3 '[VirtualFunction]' Index=1 Driver=native
    pci_bind 0000:04:10.2 igbvf
    ctl show 50-nic
    exits 0
    has '-device vfio-pci,host=0000:04:10.0' '-device vfio-pci,host=0000:04:10.4' "bus='0x04' slot='0x10' function='0x4'"
    has_not 04:10.2 '<network>' Driver=native
    ctl show 50-nic --format=libvirt-network
    exits 0
    diff <(echo "$output") - <<'END'
<network>
  <name>50-nic</name>
  <forward mode='hostdev' managed='no'>
    <address type='pci' domain='0x0000' bus='0x04' slot='0x10' function='0x0'/>
    <address type='pci' domain='0x0000' bus='0x04' slot='0x10' function='0x4'/>
  </forward>
</network>
END
    ctl show 50-nic --json
    is "$(get '."libvirt-network" | length')" 1 networks
    ctl show 04:00.0
    exits 1
    has '50-nic: 04:00.0 Driver=native: it stays with the host'
}

@test "show says that virtual functions are not there yet, why there will be none, and that a card is none" {
    functions VirtualFunctions=3
    ctl show 50-nic
    exits 1
    is "$output" '' 'standard output'
    has '50-nic: its virtual functions are not there yet' 'passthroughctl bind 50-nic'
    functions VirtualFunctions=9
    ctl show 50-nic
    exits 1
    has '50-nic: refused: 04:00.0: it has at most 7 virtual functions'
    pci_add 0000:00:1b.0 10de:1b06 0302 group=77 driver=vfio-pci
    rule gpu '[Match]' Address=00:1b.0
    ctl show gpu --format=libvirt-network
    exits 1
    is "$output" '' 'standard output'
    has 'gpu has no virtual function of a network card'
}

@test "list says how many virtual functions there can be, how many there are, and whose one is" {
    ctl list
    has 'can have 7 VFs'
    ctl list 04:00.0
    has 'SR-IOV        can have 7 VFs' 'their ID: 8086:10ca; drivers of the host take new ones' \
        'to have N made at every boot: passthroughctl add NAME 04:00.0 vfs=N'
    made 2 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_drivers_autoprobe 0
    functions VirtualFunctions=2
    ctl list
    has '2 of 8 VFs: 2 handed over (50-nic, vfio-pci)'
    ctl list 04:00.0
    has 'SR-IOV        2 of 8 VFs: 2 handed over' 'no driver takes new ones by itself'
    ctl list 04:10.2
    has 'SR-IOV        virtual function 1 of 04:00.0'
    ctl list --json
    is "$(get '.devices[] | select(.sriov) | "\(.address) \(.sriov.total) \(.sriov.enabled) \(.sriov.autoprobe) \(.sriov.vf_id)"')" \
        '0000:04:00.0 8 2 false 8086:10ca' sriov
    is "$(get '.devices[] | select(.parent) | "\(.parent) \(.index)"')" '0000:04:00.0 0 0000:04:00.0 1' functions
}

@test "add takes an interface and how many virtual functions it gets" {
    ctl add nic eth4 vfs=2 --dry-run
    exits 0
    has '04:00.0  Intel 82576 Gigabit Network Connection, eth4  gets 2 virtual functions' 'VirtualFunctions=2' 'add nic eth4 vfs=2   writes it'
    [[ ! -e $ROOT/etc/passthrough.d/nic.conf ]]
    ctl add nic eth4 vfs=2
    exits 0
    says '^ *Next: '
    diff <(sed 1d "$ROOT/etc/passthrough.d/nic.conf") - <<'END'
[Match]
ID=8086:10c9
Path=0000:00:04.0/00.0
[SR-IOV]
VirtualFunctions=2
END
    plan
    exits 0
    rule_says nic '^makes 2 virtual functions of 0000:04:00\.0$'
    ctl remove nic
    ctl add nic 04:00.0 vfs=all --json
    exits 0
    is "$(get '.rules[] | "\(.state) \(.written)"')" 'ok true' written
}

@test "add says of other interfaces of a function that gets virtual ones nothing: it stays" {
    nic eth5 0000:04:00.0
    ctl add nic eth4
    has 'goes as a whole, and eth5 is on it, too.'
    ctl remove nic
    ctl add nic eth4 vfs=2
    exits 0
    has_not 'as a whole'
    ctl list 04:00.0
    has 'held: the rule makes virtual functions of it, and leaves it to the host' "Rule          nic,"
    has_not 'vfs=N'
}

# not_added EXIT TEXT ARGUMENT...: no rule is written, and that is why.
not_added() {
    local exit=$1 text=$2
    shift 2
    ctl add nic "$@"
    exits "$exit"
    has "$text"
    [[ ! -e $ROOT/etc/passthrough.d/nic.conf ]]
}

@test "add says why a device gets no virtual functions, and writes nothing" {
    not_added 1 'it has at most 7 virtual functions, and the rule wants 9' eth4 vfs=9
    not_added 1 'it has no virtual functions' eno1 vfs=2
    not_added 2 'vfs= takes how many' eth4 vfs=
    not_added 2 'VirtualFunctions=x: not valid' eth4 vfs=x
    not_added 2 'key "VLANId" does not belong in [Device]; move it to [VirtualFunction]' eth4 vfs=2 VLANId=7
    not_added 2 '[Device] hands the function itself over' eth4 vfs=2 Driver=vfio-pci
    not_added 2 'vfs= stands twice' eth4 vfs=2 vfs=4
    made 1
    not_added 2 'name 0000:04:00.0, 0000:04:10.0 is a virtual function of it' 04:10.0 vfs=2
    not_added 1 'virtual functions of one parent go into one rule, and nothing else with them' eth4 04:10.0
    not_added 1 'virtual functions of one parent go into one rule, and nothing else with them' 04:10.0 eth4
    pci_remove 0000:04:10.0
    put /etc/systemd/network/10-vf.link '[Match]' OriginalName=eth4 '[Link]' SR-IOVVirtualFunctions=4
    not_added 1 'both /etc/systemd/network/10-vf.link and /etc/passthrough.d/nic.conf' eth4 vfs=2
    rm "$ROOT/etc/systemd/network/10-vf.link"
    rule 10-nic '[Match]' Address=04:00.0
    not_added 1 'rule 10-nic decides 04:00.0' eth4 vfs=2
    rm "$ROOT/etc/passthrough.d/10-nic.conf"
    functions VirtualFunctions=9
    ctl add 60-lan 00:19.0 Driver=native
    exits 0
    has_not 50-nic
}

@test "check says that virtual functions share the group of their function, and what is missing for it" {
    functions VirtualFunctions=2
    made 2 driver=vfio-pci
    ctl check --json
    is "$(get '.checks[] | select(.id == "group.50-nic").status')" pass row
    pci_set 0000:04:00.0 sriov_numvfs 2
    pci_remove 0000:04:10.2
    pci_add 0000:04:10.2 8086:10ca 0200 under=0000:00:04.0 group=4 physfn=0000:04:00.0 index=1 driver=vfio-pci
    ctl check --json
    exits 1
    is "$(get '.checks[] | select(.id == "group.50-nic").status')" fail row
    has 'the ports above have ACS' '0000:04:10.2'
}

@test "check has what the kernel's log says against virtual functions, and does not know where there is no log" {
    functions VirtualFunctions=2
    ctl check --json
    is "$(get '.checks[] | select(.id == "sriov.0000:04:00.0").status')" skip row
    put /dev/kmsg '3,1,2,-;igb 0000:04:00.1: not enough MMIO resources for SR-IOV' '6,2,3,-;igb 0000:04:00.0: Intel(R) Gigabit'
    ctl check --json
    is "$(get '.checks[] | select(.id == "sriov.0000:04:00.0").status')" pass row
    ctl check
    has 'virtual functions'
    says_against() {
        put /dev/kmsg "3,1,2,-;$1"
        ctl check --json
        exits 1
        is "$(get '.checks[] | select(.id == "sriov.0000:04:00.0") | "\(.status) \(.message)"')" "fail the kernel's log: $1" row
        has "$2"
    }
    says_against 'igb 0000:04:00.0: not enough MMIO resources for SR-IOV' 'pci=realloc'
    says_against "igb 0000:04:00.0: can't enable 2 VFs (bus 05 out of range of [bus 04])" 'pci=assign-busses'
    says_against 'ice 0000:04:00.0: The DDP package file was not found or could not be read. Entering Safe Mode' 'DDP package'
}

@test "the network of libvirt's has the VLAN of the rule, and says so where there are several" {
    made 2 driver=vfio-pci
    functions VirtualFunctions=2 '[VirtualFunction]' Index=0-1 VLANId=7
    ctl show 50-nic --format=libvirt-network
    exits 0
    is "$(grep -A1 '<vlan>' <<<"$output" | tr -d ' \n')" "<vlan><tagid='7'/>" vlan
    functions VirtualFunctions=2 '[VirtualFunction]' Index=1 VLANId=7
    ctl show 50-nic --format=libvirt-network
    exits 0
    has_not '<vlan>'
    has '<!-- The functions have different VLANs, which libvirt would take away'
}

@test "a rule whose virtual functions nobody has made is not said to be in effect" {
    two_functions
    functions VirtualFunctions=3
    rule 60-other '[Match]' Path=00:04.0/00.1 '[SR-IOV]' VirtualFunctions=2
    make_functions 50-nic
    ctl status --json
    exits 1
    rule_is 60-other failed
    rule_says 60-other '^0 of 2 virtual functions are there$'
}
