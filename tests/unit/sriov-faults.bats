# SPDX-License-Identifier: GPL-2.0-or-later
# What may go wrong while virtual functions are made: each ends within its bound, in a state that says it, and drivers of the host are not kept
# away for longer. iov.c has the kernel's part; what it answers is a script of the test.

load product
load tree
load live
load iov
load sriov
load tree-guard

setup() {
    tree_again faults && return
    tree_new
    pci_add 0000:00:19.0 8086:15b7 0200 group=19 driver=e1000e
    nic eno1 0000:00:19.0 up
    nic_with_functions
    made 3 driver=vfio-pci
    pci_set 0000:04:00.0 sriov_numvfs 0
    tree_keep faults
}

kernel() { iov_kernel "$@"; }

# make_with ASSIGNMENT...: the program that makes them, with that kernel.
make_with() {
    with_iov "$@" "$BUILD/passthrough-sriov" --root="$ROOT" 50-nic
}

# took FILE SECONDS: so many seconds went by, of which nearly none are real; a busy machine adds some.
took() {
    (($(<"$1") >= $2 && $(<"$1") < $2 + 15)) || { echo "it took $(<"$1") seconds" && show && return 1; }
}

# ends STATE REGEX: the program failed, status has the rule in that state with that message, and drivers take new functions again.
ends() {
    exits 1 || return 1
    attribute 0000:04:00.0 sriov_drivers_autoprobe 1 || return 1
    ctl status --json
    exits 1 || return 1
    rule_is 50-nic "$1" && rule_says 50-nic "$2"
}

@test "refused by the driver: the error is the rule's message, and none is there" {
    functions VirtualFunctions=3
    kernel 'if at before sriov_numvfs 3; then echo 0 >"$root$path"; exit 22; fi'
    make_with
    ends failed '^0000:04:00\.0: .*sriov_numvfs=3: Invalid argument$'
    kernel 'if at before sriov_numvfs 3; then echo 0 >"$root$path"; exit 28; fi'
    make_with
    ends failed 'sriov_numvfs=3: No space left on device$'
    kernel 'if at before sriov_numvfs 3; then echo 0 >"$root$path"; exit 2; fi'
    make_with
    ends failed 'sriov_numvfs=3: its driver makes no virtual functions$'
    attribute 0000:04:10.0 driver_override '(null)'
    kernel
    make_with
    exits 0
}

@test "refused behind a 0 that took all away: they are gone, and that is said" {
    pci_set 0000:04:00.0 sriov_numvfs 2
    rm "$(pci_file 0000:04:00.0 virtfn2)" "$ROOT/sys/bus/pci/devices/0000:04:10.4"
    functions VirtualFunctions=3
    kernel 'if at before sriov_numvfs 3; then echo 0 >"$root$path"; exit 12; fi'
    make_with
    ends failed 'sriov_numvfs=3: the kernel has not enough memory or bus numbers for them; its log says which$'
    attribute 0000:04:00.0 sriov_numvfs 0
}

@test "success with fewer, and with none" {
    functions VirtualFunctions=3
    rm "$(pci_file 0000:04:00.0 virtfn2)" "$ROOT/sys/bus/pci/devices/0000:04:10.4"
    kernel 'if at after sriov_numvfs 3; then echo 2 >"$root$path"; fi'
    make_with
    has 'its driver says that it has made 3 virtual functions, and made 2'
    attribute 0000:04:10.2 driver_override vfio-pci
    ends failed '2 of 3 virtual functions are there'
    kernel 'if at after sriov_numvfs 3; then echo 0 >"$root$path"; fi'
    pci_set 0000:04:00.0 sriov_numvfs 0
    make_with
    ends failed 'its driver says that it has made 3 virtual functions, and made 0'
}

@test "the function is gone half-way" {
    functions VirtualFunctions=3 '[VirtualFunction]' Index=0 Trust=yes
    kernel 'if at before sriov_numvfs 3; then mv "$root${path%/*}" "$root/gone"; exit 19; fi'
    make_with
    exits 1
    has 'sriov_numvfs=3: No such device'
    ctl status --json
    exits 1
    rule_is 50-nic failed
    rule_says 50-nic 'sriov_numvfs=3: No such device'
}

@test "one is gone before its settings, and of one no link tells: the others are handed over" {
    functions VirtualFunctions=3 '[VirtualFunction]' Index=1 MSIXVectors=5
    # As the kernel leaves it where a single one is removed: the link stays.
    kernel 'if at after sriov_numvfs 3; then rm -r "$root/sys/bus/pci/devices/0000:04:10.2" "$(readlink -f "$root${path%/*}/virtfn1")"; fi'
    make_with
    has 'virtfn1/sriov_vf_msix_count=5: No such file or directory'
    attribute 0000:04:10.0 driver_override vfio-pci
    attribute 0000:04:10.4 driver_override vfio-pci
    ends failed '2 of 3 virtual functions are there'
}

@test "of one no link tells which it is: it is left alone, and said to be missing" {
    functions VirtualFunctions=3
    kernel 'if at after sriov_numvfs 3; then rm "$root${path%/*}/virtfn2"; fi'
    make_with
    attribute 0000:04:10.2 driver_override vfio-pci
    attribute 0000:04:10.4 driver_override '(null)'
    ends failed '2 of 3 virtual functions are there'
}

@test "no file keeps drivers of the host away: none is made" {
    functions VirtualFunctions=3
    rm "$(pci_file 0000:04:00.0 sriov_drivers_autoprobe)"
    kernel
    make_with
    exits 1
    attribute 0000:04:00.0 sriov_numvfs 0
    ctl status --json
    rule_is 50-nic failed
    rule_says 50-nic 'sriov_drivers_autoprobe=0: No such file or directory'
}

@test "a write that does not come back: the program ends at its deadline, nothing of it holds its output or the record" {
    functions VirtualFunctions=3
    mkfifo "$BATS_TEST_TMPDIR"/{stuck,go,ended}
    # It hangs until the test lets it go. What is said of it is said once it hangs for sure.
    kernel 'if at before sriov_numvfs 3; then' "exec 9>$BATS_TEST_TMPDIR/stuck" 'echo hangs >&9' "read -r line <$BATS_TEST_TMPDIR/go" \
        "echo >$BATS_TEST_TMPDIR/ended" 'exit 4; fi'
    make_with IOV_STUCK="$BATS_TEST_TMPDIR/stuck"
    ends failed 'sriov_numvfs=3: it has not come back, and may wait for a driver or for a virtual machine'
    took "$BATS_TEST_TMPDIR/clock" 20
    flock -n "$ROOT/run/passthrough/lock" true
    echo >"$BATS_TEST_TMPDIR/go"
    read -r <"$BATS_TEST_TMPDIR/ended"
}

@test "a second parent is made, set up and handed over, whatever the first is unfit for or fails with" {
    two_nics
    kernel 'if at before sriov_numvfs 2 && [[ $path == */0000:04:00.0/* ]]; then echo 0 >"$root$path"; exit 22; fi'
    make_with
    attribute 0000:05:00.0 sriov_numvfs 2
    attribute 0000:05:00.0 sriov_drivers_autoprobe 1
    attribute 0000:05:10.0 driver_override vfio-pci
    ends failed '^0000:04:00\.0: .*sriov_numvfs=2: Invalid argument$'
}

@test "so it is where the first cannot have that many" {
    two_nics
    pci_set 0000:04:00.0 sriov_totalvfs 1
    kernel
    make_with
    attribute 0000:04:00.0 sriov_numvfs 0
    attribute 0000:05:10.0 driver_override vfio-pci
    ends refused '^0000:04:00\.0: it has at most 1 virtual functions'
}

@test "and where the first has no driver" {
    two_nics
    rm "$(pci_file 0000:04:00.0 driver)"
    kernel
    make_with
    attribute 0000:05:10.0 driver_override vfio-pci
    ends failed '^0000:04:00\.0 waits for a driver$'
}

# live_make ASSIGNMENT...: the same on the running machine.
live_make() {
    with_iov_live "$@" /build/passthrough-sriov 50-nic
}

@test "a driver that never binds is waited for half a minute, and named" {
    live_root
    rm "$(pci_file 0000:04:00.0 driver)"
    functions VirtualFunctions=3
    live_make
    took "$ROOT/clock" 30
    ends failed '^0000:04:00\.0 waits for a driver$'
    attribute 0000:04:00.0 sriov_numvfs 0
}

@test "an interface that is in another network namespace is waited for, too, and named" {
    live_root
    rm -r "$(pci_file 0000:04:00.0 net/eth4)" "$ROOT/sys/class/net/eth4"
    functions VirtualFunctions=3 Driver=native
    live_make
    took "$ROOT/clock" 30
    ends failed '^0000:04:00\.0 waits for its network interface, which another network namespace may have$'
    attribute 0000:04:00.0 sriov_numvfs 0
}

@test "a driver that is not ready for a setting while its link flaps is asked again" {
    live_root
    pci_set 0000:04:00.0 sriov_numvfs 3
    functions VirtualFunctions=3 Driver=native '[VirtualFunction]' Index=1 Trust=yes
    live_make IOV_AGAIN=12
    exits 0
    took "$ROOT/clock" 1
    ctl status --json
    rule_says 50-nic '^$'
    live_make IOV_AGAIN=100000
    exits 0
    took "$ROOT/clock" 20
    ctl status --json
    rule_says 50-nic '^eth4=vf 1 trust on: Resource temporarily unavailable$'
}

@test "without the mode that the rule wants, none is left there and none is handed over" {
    live_root
    functions VirtualFunctions=3 Eswitch=switchdev
    live_make
    ends failed '^0000:04:00\.0: pci/0000:04:00\.0=eswitch mode switchdev: '
    attribute 0000:04:00.0 sriov_numvfs 0
    attribute 0000:04:10.0 driver_override '(null)'
    # Who cannot switch has no other mode.
    functions VirtualFunctions=3 Eswitch=legacy
    live_make
    attribute 0000:04:00.0 sriov_numvfs 3
    ctl status --json
    rule_says 50-nic '^$'
}

# two_nics: another like the first, with two virtual functions that are to come, and a rule for both.
two_nics() {
    local i
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 8086:10c9 0200 under=0000:00:05.0 group=5 driver=igb
    nic eth5 0000:05:00.0
    sriov 0000:05:00.0 7
    for i in 0 1; do
        pci_add "0000:05:10.$((i * 2))" 8086:10ca 0200 under=0000:00:05.0 "group=$((50 + i))" physfn=0000:05:00.0 "index=$i" driver=vfio-pci
    done
    rule 50-nic '[Match]' ID=8086:10c9 '[Device]' Expect=2 '[SR-IOV]' VirtualFunctions=2
}

@test "by hand, on the running machine, who uses one is told to who asks, once" {
    live_root
    pci_set 0000:04:00.0 sriov_numvfs 3
    pci_bind 0000:04:10.2 igbvf
    nic eth9 0000:04:10.2 up
    put /etc/passthrough.conf '[Host]' Uplink=none
    functions VirtualFunctions=4
    live_run /usr/bin/unshare --net /build/passthroughctl bind 50-nic
    exits 1
    is "$(grep -c '^50-nic: 0000:04:00.0: in use: 0000:04:10.2: eth9 is up; another number than 3 takes all' <<<"$stderr")" 1 lines
    attribute 0000:04:00.0 sriov_numvfs 3
}

# over_eth4 TOKEN...: the default route goes over the parent, which is up, and the kernel's command line has that.
over_eth4() {
    rm "$ROOT/proc/net/route"
    default_route eth4
    pci_set 0000:04:00.0 net/eth4/flags 0x1003
    printf 'BOOT_IMAGE=vmlinuz %s ro\n' "$*" >"$ROOT/proc/cmdline"
}

# agree REGEX: plan and the moment itself refuse the rule, for that.
agree() {
    plan
    exits 1 || return 1
    rule_is 50-nic refused && rule_says 50-nic "$1" || return 1
    make_functions 50-nic
    exits 1 || return 1
    attribute 0000:04:00.0 sriov_numvfs 0 || return 1
    ctl status --json
    rule_is 50-nic refused && rule_says 50-nic "$1"
}

@test "what an initrd has of the parent is in use before they could be made: plan says so, as the moment itself does" {
    functions VirtualFunctions=3
    local nfs='30 1 0:40 / / rw,relatime - nfs4 192.0.2.9:/export/root rw,vers=4.2' disk
    disk=$(grep ' / / ' "$ROOT/proc/self/mountinfo")
    over_eth4 root=UUID=1234 ip=dhcp
    agree 'eth4 ← default route, and its network is up before they could be made: ip=dhcp of the command line$'
    over_eth4 root=UUID=1234 ip=eth4:dhcp
    agree 'and its network is up before they could be made: ip= of the command line$'
    over_eth4 root=UUID=1234 'ip=[2001:db8::2]::[2001:db8::1]:64::eth4:none'
    agree 'and its network is up before they could be made: ip= of the command line$'
    over_eth4 root=nfs4:192.0.2.9:/export/root
    agree 'and its network is up before they could be made: root=nfs4:192.0.2.9:/export/root of the command line$'
    root_is "$nfs"
    over_eth4 quiet
    agree 'and its network is up before they could be made: / is nfs4$'
    # The other card is what it comes over.
    over_eth4 root=nfs4:192.0.2.9:/export/root ip=eno1:dhcp
    plan
    exits 0
    root_is "$disk"
    over_eth4 root=UUID=1234
    plan
    exits 0
}

@test "nor is it asked of a function that the root file system is on, whether its network is up or not" {
    local disk
    disk=devices/$(pci_dir 0000:04:00.0 | cut -d/ -f2-)/host8/rport-8:0-0/target8:0:0/8:0:0:1/block/sdx
    functions VirtualFunctions=3
    block sdx 65:112 "$disk"
    root_is '30 1 65:112 / / rw,relatime - ext4 /dev/sdx rw'
    agree '← sdx ← /, and its root file system is on it$'
}

@test "nor of one that has another disk of the host on it, or one of which nobody knows, whose network need not be up for that" {
    local disk
    disk=devices/$(pci_dir 0000:04:00.0 | cut -d/ -f2-)/host8/session1/target8:0:0/8:0:0:1/block/sdx
    functions VirtualFunctions=3
    block sdx 65:112 "$disk"
    plan
    exits 0
    swap_on sdx
    agree 'the host needs it: 0000:04:00.0 ← sdx ← swap, and a disk that it needs is on it$'
    rm "$ROOT/proc/swaps"
    mkdir "$ROOT/proc/swaps"
    agree '^0000:04:00.0: not cleared: sdx is on it; /proc/swaps cannot be read$'
}

@test "nor of one that has a subfunction whose network is up, though its own is down" {
    functions VirtualFunctions=3
    net_interface enp4s0s7 "$(pci_dir 0000:04:00.0)/mlx5_core.sf.4/net/enp4s0s7" up
    rm "$ROOT/proc/net/route"
    default_route enp4s0s7
    make_functions 50-nic
    exits 1
    has 'the host needs it: 0000:04:00.0 ← enp4s0s7 ← default route'
    attribute 0000:04:00.0 sriov_numvfs 0
}
