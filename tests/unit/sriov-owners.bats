# Virtual functions that a rule and somebody else set up: an error that names both files.

load product
load tree
load sriov

RULE=/etc/passthrough.d/50-nic.conf

setup() {
    tree_again sriov-owners && return
    host_with_uplink
    nic_with_functions
    functions VirtualFunctions=2
    tree_keep sriov-owners
}

# owned FILE ID: the rule is refused for it, nothing is planned, and plan and check name both files.
owned() {
    plan
    exits 1
    rule_is 50-nic refused
    rule_says 50-nic "both $1 and $RULE set up its virtual functions"
    is "$(get '.operations[]')" '' operations
    ctl plan
    has "both $1 and"
    ctl check --json
    exits 1
    is "$(get ".checks[] | select(.id == \"$2\").status")" fail "$2"
    is "$(get "[.checks[] | select(.message | contains(\"$1\"))] | length")" 1 'rows of it'
    [[ $(get ".checks[] | select(.id == \"$2\").message") == *"$1"*"$RULE"* ]]
}

not_owned() {
    plan
    exits 0
    rule_is 50-nic ok
}

@test "a .link file that makes them, by name, address, path or driver, in each of its directories" {
    put /etc/systemd/network/10-vf.link '[Match]' OriginalName=eth4 '[Link]' SR-IOVVirtualFunctions=4
    owned /etc/systemd/network/10-vf.link conflict.networkd
    put /etc/systemd/network/10-vf.link '[Match]' PermanentMACAddress=52-54-00-00-00-04 '[SR-IOV]' VirtualFunction=0 Trust=yes
    owned /etc/systemd/network/10-vf.link conflict.networkd
    rm "$ROOT/etc/systemd/network/10-vf.link"
    put /run/systemd/network/10-vf.link '[Match]' Path=pci-0000:04:00.* '[Link]' SR-IOVVirtualFunctions=4
    owned /run/systemd/network/10-vf.link conflict.networkd
    rm "$ROOT/run/systemd/network/10-vf.link"
    put /usr/lib/systemd/network/10-vf.link '[Match]' Driver=igb Host=elsewhere '[Link]' SR-IOVVirtualFunctions=4
    owned /usr/lib/systemd/network/10-vf.link conflict.networkd
}

@test "a .network file that sets them up, even by a drop-in" {
    put /etc/systemd/network/20-vf.network '[Match]' 'Name=eth9 eth*' '[Network]' DHCP=no
    not_owned
    put /etc/systemd/network/20-vf.network.d/vf.conf '[SR-IOV]' VirtualFunction=0 VLANId=7
    owned /etc/systemd/network/20-vf.network conflict.networkd
}

@test "a file for another interface is no conflict, nor one that an earlier file, a mask or an empty file comes before" {
    put /etc/systemd/network/10-vf.link '[Match]' OriginalName=eno1 '[Link]' SR-IOVVirtualFunctions=4
    put /etc/systemd/network/11-vf.link '[Match]' 'OriginalName=!eth4' '[Link]' SR-IOVVirtualFunctions=4
    put /etc/systemd/network/12-vf.link '[Match]' Driver=igb MACAddress=52:54:00:00:00:05 '[Link]' SR-IOVVirtualFunctions=4
    not_owned
    put /usr/lib/systemd/network/50-vf.link '[Match]' OriginalName=eth4 '[Link]' SR-IOVVirtualFunctions=4
    put /etc/systemd/network/40-first.link '[Match]' OriginalName=eth4 '[Link]' MTUBytes=9000
    not_owned
    rm "$ROOT/etc/systemd/network/40-first.link"
    owned /usr/lib/systemd/network/50-vf.link conflict.networkd
    ln -s /dev/null "$ROOT/etc/systemd/network/50-vf.link"
    not_owned
}

@test "a profile of NetworkManager's with [sriov], even one that sets their number to 0" {
    put /etc/NetworkManager/system-connections/lan.nmconnection '[connection]' id=lan type=ethernet interface-name=eno1 '[sriov]' total-vfs=4
    not_owned
    put /etc/NetworkManager/system-connections/vf '[connection]' id=vf type=ethernet interface-name=eth4 '[sriov]' total-vfs=0
    owned /etc/NetworkManager/system-connections/vf conflict.NetworkManager
    put /etc/NetworkManager/system-connections/vf '[connection]' id=vf type=ethernet '[ethernet]' mac-address=52:54:00:00:00:04 '[sriov]' vf.0=trust=true
    owned /etc/NetworkManager/system-connections/vf conflict.NetworkManager
    put /etc/NetworkManager/system-connections/vf '[connection]' id=vf type=ethernet interface-name=eth4
    not_owned
}

@test "mdevctl's devices on the function or on one of those that guests get" {
    put /etc/mdevctl.d/0000:00:19.0/11111111-1111-1111-1111-111111111111 '{}'
    mkdir -p "$ROOT/etc/mdevctl.d/0000:04:00.0"
    not_owned
    put /etc/mdevctl.d/0000:04:10.2/11111111-1111-1111-1111-111111111111 '{}'
    owned /etc/mdevctl.d/0000:04:10.2 conflict.mdevctl
    rule 50-nic '[Match]' Path=00:04.0/00.0 '[SR-IOV]' VirtualFunctions=2 '[VirtualFunction]' Index=1 Driver=native
    not_owned
    put /etc/mdevctl.d/0000:04:00.0/11111111-1111-1111-1111-111111111111 '{}'
    owned /etc/mdevctl.d/0000:04:00.0 conflict.mdevctl
}

@test "the function's file of the network operator, and the unit that Proxmox VE has for NVIDIA's cards" {
    put /etc/sriov-operator/pci/0000:00:19.0 '{"numVfs":4}'
    put /etc/systemd/system/multi-user.target.wants/pve-nvidia-sriov@ALL.service ''
    put /etc/systemd/system/multi-user.target.wants/pve-nvidia-sriov@0000:00:19.0.service ''
    not_owned
    put /etc/sriov-operator/pci/0000:04:00.0 '{"numVfs":4}'
    owned /etc/sriov-operator/pci/0000:04:00.0 conflict.sriov-operator
    rm "$ROOT/etc/sriov-operator/pci/0000:04:00.0"
    put /etc/systemd/system/multi-user.target.wants/pve-nvidia-sriov@0000:04:00.0.service ''
    owned /etc/systemd/system/multi-user.target.wants/pve-nvidia-sriov@0000:04:00.0.service conflict.pve-nvidia-sriov
}

@test "who cannot read whether there is a second owner makes none" {
    mkdir -p "$ROOT/etc/sriov-operator"
    ln -s pci "$ROOT/etc/sriov-operator/pci"
    plan
    exits 1
    rule_is 50-nic refused
    rule_says 50-nic 'cannot see whether /etc/sriov-operator/pci sets up its virtual functions'
}

@test "the program that makes them refuses, too, and --none still takes them away" {
    made 2 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 0
    put /etc/systemd/network/10-vf.link '[Match]' OriginalName=eth4 '[Link]' SR-IOVVirtualFunctions=4
    make_functions 50-nic
    exits 1
    has 'both /etc/systemd/network/10-vf.link and'
    attribute 0000:04:00.0 sriov_numvfs 0
    pci_set 0000:04:00.0 sriov_numvfs 2
    run --separate-stderr "$BUILD/passthrough-sriov" --root="$ROOT" --none 50-nic
    exits 0
    attribute 0000:04:00.0 sriov_numvfs 0
}

@test "a captured machine has the same plan, and the same for a rule that comes later" {
    put /etc/NetworkManager/system-connections/vf '[connection]' id=vf type=ethernet '[ethernet]' mac-address=52:54:00:00:00:04 '[sriov]' total-vfs=2
    plan
    captured_alike
    mv "$ROOT$RULE" "$ROOT/rule"
    ctl capture "$BATS_TEST_TMPDIR/capture"
    exits 0
    mkdir -p "$BATS_TEST_TMPDIR/capture/etc/passthrough.d"
    mv "$ROOT/rule" "$BATS_TEST_TMPDIR/capture$RULE"
    ROOT=$BATS_TEST_TMPDIR/capture
    plan
    rule_says 50-nic "both /etc/NetworkManager/system-connections/vf and $RULE"
}
