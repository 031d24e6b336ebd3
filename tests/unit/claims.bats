#!/usr/bin/env bats
# What udev is told of devices that it claims for rules, and what it is answered when it asks. The texts are held by tests/unit/claims;
# REGENERATE=1 writes them anew. Real boots show what udev does with them.

load product
load tree
load tree-usb
load tree-guard
load live

setup() {
    tree_again claims && return
    tree_new
    pci_add 0000:00:14.0 8086:a36d 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 0951:1666 class=08 serial=AA01
    usb_add 1-3 0951:1666 class=08 serial=AA02
    put /etc/passwd root:x:0:0::/root:/bin/sh qemu:x:64055:64055::/:/bin/false
    put /etc/group root:x:0: kvm:x:104:
    tree_keep claims
}

UDEV=/run/udev/rules.d
FIRST=$UDEV/10-passthrough-claims.rules
LAST=$UDEV/72-passthrough.rules
NETWORK=/run/systemd/network/00-passthrough.network

written() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    exits 0
}

# golden NAME FILE: the file below $ROOT is what tests/unit/claims has under that name.
golden() {
    [[ ! ${REGENERATE-} ]] || cp "$ROOT$2" "$BATS_TEST_DIRNAME/claims/$1"
    diff "$BATS_TEST_DIRNAME/claims/$1" "$ROOT$2"
}

# decisions: the lines of the first file that decide.
decisions() {
    sed -n '/^ACTION!="add", GOTO/,/^LABEL=/p' "$ROOT$FIRST" | sed '1d;$d;/^GOTO=/d'
}

decides() {
    diff <(decisions) <([[ ! $* ]] || printf '%s\n' "$@")
}

# asked ADDRESS: what udev is told of it.
asked() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim="$1"
    exits 0
}

# claimed ADDRESS RULE [LINK]. not_claimed ADDRESS: the host has it.
claimed() {
    asked "$1" && is "$output" "PASSTHROUGH_RULE=$2"$'\n'"PASSTHROUGH_LINK=passthrough/${3-$2}" "answer for $1"
}

not_claimed() {
    asked "$1" && is "$output" '' "answer for $1"
}

# serve RULE: its service.
serve() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --rule="$1"
}

@test "nobody waits for a hub's strings, nor for another device's that udev has seen" {
    rule stick '[Match]' Bus=usb Serial=AA01
    usb_add 1-1 05e3:0610 class=09 device=09 driver=hub ports=4 serial=AA01
    claimed 1-2 stick
    put "/run/udev/data/c$(<"$(usb_file 1-3 dev)")" I:1 E:ID_SERIAL_SHORT=AA01
    not_claimed 1-2
}

@test "the files are those that are proven in boots" {
    rule 10-mine '[Match]' Bus=usb ID=0951:1666 Serial=AA02 '[Device]' Driver=native
    rule 20-stick '[Match]' Bus=usb ID=0951:* '[Device]' Owner=qemu Group=kvm
    rule 30-com '[Match]' Bus=tty Port=ttyS1 '[Device]' Mode=0600
    rule gpu0 '[Match]' ID=1002:5159
    written
    golden "$(basename $FIRST)" $FIRST
    golden "$(basename $LAST)" $LAST
    golden "$(basename $NETWORK)" $NETWORK
    # Rules for PCI have what they had.
    is "$(grep -c 'usb\|tty' "$ROOT$UDEV/71-passthrough-hotplug.rules")" 0 'lines about other buses'
    [[ $(wc -L <"$ROOT$FIRST") -lt 16384 && $(wc -L <"$ROOT$LAST") -lt 16384 ]]
}

@test "no rule that could claim anything, no file; what an earlier boot stage has left goes" {
    local file
    rule gpu0 '[Match]' ID=1002:5159
    written
    for file in $FIRST $LAST $NETWORK; do [[ ! -e $ROOT$file ]]; done
    for file in $FIRST $LAST; do put "$file" 'of the initrd'; done
    rule mine '[Match]' Bus=usb ID=0951:1666 '[Device]' Driver=native Expect=0-
    written
    for file in $FIRST $LAST $NETWORK; do [[ ! -e $ROOT$file ]]; done
    for file in $FIRST $LAST; do put "$file" 'of the initrd'; done
    rule stick '[Match]' Bus=usb ID=0951:1666 Serial=AA01
    cmdline passthrough=off
    written
    for file in $FIRST $LAST $NETWORK; do [[ ! -e $ROOT$file ]]; done
}

@test "rules decide in the order of their names, and a process where udev cannot" {
    rule 10-kept '[Match]' Bus=usb ID=0951:1666 Serial=AA02 '[Device]' Driver=native
    rule 20-stick '[Match]' Bus=usb ID=0951:1666
    written
    decides 'SUBSYSTEM=="usb", ENV{PRODUCT}=="951/1666/*", ATTR{serial}=="AA02| *AA02", GOTO="passthrough_claims_known"' \
        'SUBSYSTEM=="usb", ENV{PRODUCT}=="951/1666/*", GOTO="passthrough_claims_ask"'
    # A class shows in no event: who keeps by it is asked, and who takes by it, too.
    rule 10-kept '[Match]' Bus=usb Class=storage Serial=AA02 '[Device]' Driver=native
    rule 20-stick '[Match]' Bus=usb Class=storage
    written
    decides 'SUBSYSTEM=="usb", GOTO="passthrough_claims_ask"'
    not_claimed 1-3
    claimed 1-2 20-stick
}

@test "invalid, skipped and meant for elsewhere: nothing is decided by it" {
    rule a '[Match]' Bus=usb ID=0951:1666 Serial=AA01
    rule b '[Match]' Bus=usb ID=0951:1666 Host=elsewhere
    rule c '[Match]' Bus=usb ID=0951:1666 Serial=AA02
    rule d '[Match]' Bus=usb ID=nothing
    cmdline passthrough.skip=c
    written
    decides 'SUBSYSTEM=="usb", ENV{PRODUCT}=="951/1666/*", ATTR{serial}=="AA01| *AA01", GOTO="passthrough_claims_ask"'
}

@test "an owner who is not known leaves all of it as it is" {
    rule stick '[Match]' Bus=usb Serial=AA01 '[Device]' Owner=nobody-here Mode=0600
    written
    is "$(grep -c 'OWNER:\|MODE:' "$ROOT$LAST")" 0 'lines about access'
}

@test "the answer is the plan's: for what the rule takes, and for nothing else" {
    rule stick '[Match]' Bus=usb Serial=AA01
    claimed 1-2 stick
    not_claimed 1-3
    not_claimed 1-7
    not_claimed 0000:00:14.0
    not_claimed rubbish
    cmdline passthrough.skip=stick
    not_claimed 1-2
    put /proc/cmdline 'root=UUID=1 passthrough=off'
    not_claimed 1-2
}

@test "a disk that the host uses is the host's, and so is one of two where the rule expects one" {
    rule stick '[Match]' Bus=usb ID=0951:1666
    not_claimed 1-2
    rule stick '[Match]' Bus=usb Serial=AA01
    usb_bind 1-2 usb-storage
    usb_disk sdb 8:16 1-2
    mounted sdb /srv ext4
    not_claimed 1-2
}

# host_is_there: one of its services has run.
host_is_there() {
    rule none '[Match]' Bus=usb ID=dead:beef '[Device]' Expect=0-
    serve none
    exits 0
}

@test "each of several has its own number, which stays with it when it is plugged in elsewhere" {
    rule sticks '[Match]' Bus=usb ID=0951:1666 '[Device]' Expect=0-
    host_is_there
    claimed 1-3 sticks sticks.d/0
    claimed 1-2 sticks sticks.d/1
    claimed 1-3 sticks sticks.d/0
    usb_remove 1-3
    usb_remove 1-2
    usb_add 1-3 0951:1666 class=08 serial=AA01
    claimed 1-3 sticks sticks.d/1
    # What cannot be kept in mind is claimed, and has no link.
    put /var/lib/passthrough/numbers rubbish
    asked 1-3
    is "$output" PASSTHROUGH_RULE=sticks answer
    has 'cannot be read'
}

@test "no number is given before the first service, for /var may not be mounted; the service has udev make the link" {
    rule sticks '[Match]' Bus=usb ID=0951:1666 '[Device]' Expect=0-
    asked 1-3
    is "$output" PASSTHROUGH_RULE=sticks answer
    [[ ! -e $ROOT/var/lib/passthrough/numbers ]]
    usb_claimed 1-2 sticks
    usb_claimed 1-3 sticks
    put "/sys/$(usb_dir 1-3)/uevent" ''
    serve sticks
    exits 0
    is "$(<"$(usb_file 1-3 uevent)")" add 'asked of udev'
    claimed 1-3 sticks sticks.d/1
}

@test "the answer waits for nobody who may not change numbers" {
    rule sticks '[Match]' Bus=usb ID=0951:1666 '[Device]' Expect=0-
    host_is_there
    claimed 1-2 sticks sticks.d/0
    is "$(stat -c %a "$ROOT/run/passthrough/numbers.lock" "$ROOT/run/passthrough/lock" | paste -sd' ')" '600 600' modes
    exec 9<"$ROOT/run/passthrough/numbers.lock"
    flock 9
    asked 1-2
    exec 9<&-
    is "$output" PASSTHROUGH_RULE=sticks answer
}

@test "its twin is not what was given back" {
    rule stick '[Match]' Bus=usb Serial=AA01
    rule twin '[Match]' Bus=usb Serial=AA09 '[Device]' Expect=0-
    usb_claimed 1-2 stick
    serve stick
    exits 0
    ctl release stick
    not_claimed 1-2
    usb_remove 1-2
    usb_add 1-2 0951:1666 class=08 serial=AA09
    claimed 1-2 twin twin.d/0
}

@test "udev leaves to the process what it takes otherwise in a serial number" {
    rule a '[Match]' Bus=usb 'Serial=!AA01' ID=0951:1666
    written
    decides 'SUBSYSTEM=="usb", ENV{PRODUCT}=="951/1666/*", GOTO="passthrough_claims_ask"'
    # Blanks in front.
    rule a '[Match]' Bus=usb Serial=AA01
    written
    decides 'SUBSYSTEM=="usb", ATTR{serial}=="AA01| *AA01", GOTO="passthrough_claims_ask"'
}

@test "Attribute= comes again with the device" {
    rule stick '[Match]' Bus=usb Serial=AA01 '[Device]' Attribute=power/control=on 'Attribute=power/autosuspend=$1%' 'Attribute=b="x"'
    written
    is "$(grep 'ATTR{' "$ROOT$LAST")" \
        'ACTION=="add", ENV{PASSTHROUGH_RULE}=="stick", ATTR{power/control}="on", ATTR{power/autosuspend}="$$1%%"' line
}

@test "who has a device open is told by what is known here: no server is asked about other files" {
    command -v strace >/dev/null || skip 'no strace'
    ! sanitized || skip 'leak detection and strace exclude each other'
    rule stick '[Match]' Bus=usb Serial=AA01
    host_is_there
    live_root
    # Numbers of a node that somebody has open, and a file that may be a device by its name.
    put "/sys/$(usb_dir 1-2)/dev" 1:3
    mkdir -p "$ROOT/tmp/mnt/dev"
    live_run bash -c 'exec 9>/tmp/mnt/dev/file 8</dev/null
        strace -o /tmp/trace /build/passthrough-demand --claim=1-2
        /build/passthroughctl bind stick'
    exits 1
    has 'in use: 1-2 ← /dev/null'
    grep -q '"9", AT_STATX_DONT_SYNC' "$ROOT/tmp/trace"
    run -1 grep -E 'stat[^(]*\([0-9]+, "[0-9]+", [^A]' "$ROOT/tmp/trace"
}

@test "a rule that joins late has its operations in the record once" {
    rule other '[Match]' Bus=usb ID=dead:beef '[Device]' Expect=0-
    rule stick '[Match]' Bus=usb Serial=AA01
    usb_bind 1-2 usb-storage
    serve stick
    grep -q $'^O\t' "$ROOT/run/passthrough/record"
    is "$(grep $'^O\t' "$ROOT/run/passthrough/record" | sort | uniq -d)" '' 'operations twice'
}

@test "what is blocked is kept from the host as well, for when it is not" {
    usb_remove 1-2
    usb_add 1-2 0951:1666 class=08 serial=AA01 authorized=0
    rule stick '[Match]' Bus=usb Serial=AA01
    plan
    device 1-2 refuse
    claimed 1-2 stick
}

@test "what is blocked and may be what the host misses is the host's, once it is not blocked" {
    put /etc/fstab 'UUID=0f0e0d0c-1111-4222-8333-444455556666 /srv ext4 defaults 0 0'
    rule stick '[Match]' Bus=usb ID=0951:1667
    for authorized in 1 0; do
        usb_add 1-1 0951:1667 class=08 serial=AA03 authorized=$authorized
        not_claimed 1-1
        usb_remove 1-1
    done
    put /etc/fstab ''
    usb_add 1-1 0951:1667 class=08 serial=AA03 authorized=0
    claimed 1-1 stick
}

@test "what is claimed stays so when its twin is plugged in, which is the host's" {
    usb_add 1-1 0951:1667 class=08 serial=SAME
    rule stick '[Match]' Bus=usb Serial=SAME
    claimed 1-1 stick
    usb_claimed 1-1 stick
    usb_add 1-4 0951:1667 class=08 serial=SAME
    not_claimed 1-4
    claimed 1-1 stick
}

@test "given back by hand, it is the host's; a text that was edited takes nothing new, and loses nothing" {
    rule stick '[Match]' Bus=usb Serial=AA01
    usb_claimed 1-2 stick
    serve stick
    exits 0
    claimed 1-2 stick
    rule stick '[Match]' Bus=usb ID=0951:1666 Serial=AA01
    claimed 1-2 stick
    rm "$ROOT/run/udev/data/c$(<"$(usb_file 1-2 dev)")"
    not_claimed 1-2
    rule stick '[Match]' Bus=usb Serial=AA01
    claimed 1-2 stick
    usb_claimed 1-2 stick
    ctl release stick
    not_claimed 1-2
}

@test "where the record is broken, nothing is taken that is not claimed: it may have been given back" {
    rule stick '[Match]' Bus=usb Serial=AA01
    rule twin '[Match]' Bus=usb Serial=AA02
    usb_claimed 1-3 twin
    claimed 1-2 stick
    put /run/passthrough/record 'passthrough-record 1' 'R'
    not_claimed 1-2
    claimed 1-3 twin
}

@test "the answer waits for nobody who holds the record" {
    rule stick '[Match]' Bus=usb Serial=AA01
    mkdir -p "$ROOT/run/passthrough"
    (flock 9 && claimed 1-2 stick) 9>"$ROOT/run/passthrough/lock"
}
