# A bus that is not in the sources: one folder and one line of the table add it, and rules for it go through config, plan, act,
# JSON, status, add and release.

load product
load tree
load seam

setup_file() {
    seam_copy
    cp -r "$BATS_TEST_DIRNAME/../seams/bus/shelf" "$COPY/src/bus"
    sed -i '/^#define BUSES/s/$/ X(shelf)/' "$COPY/src/bus/table.c"
    seam_build passthroughctl passthrough-bind
}

setup() {
    BUILD=$COPY/build
    tree_new bare
    mkdir -p "$ROOT/sys/bus/shelf/drivers/lender"
    shelf_add s1-2 cafe:0001 01
    ln -s ../../drivers/lender "$ROOT/sys/bus/shelf/devices/s1-2/lent" # as the kernel will have it
    shelf_add s3-4 cafe:0002 7f
    shelf_rule '[Match]' Bus=shelf Path=1/2 '[Device]' Driver=lender
}

# shelf_add ADDRESS ID CLASS
shelf_add() {
    put "/sys/bus/shelf/devices/$1/id" "$2"
    put "/sys/bus/shelf/devices/$1/class" "$3"
    put "/sys/bus/shelf/devices/$1/owner" host
}

shelf_rule() { rule lent "$@"; }

boot() { run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd; }

# owner ADDRESS WHO
owner() { is "$(<"$ROOT/sys/bus/shelf/devices/$1/owner")" "$2" "owner of $1"; }

@test "one folder and one line are all that was added" {
    is "$(seam_added)" "src/bus/shelf
< #define BUSES(X) X(pci) X(usb) X(tty) X(mdev)
> #define BUSES(X) X(pci) X(usb) X(tty) X(mdev) X(shelf)" 'what was added'
}

@test "a rule on it is planned, beside one on PCI" {
    pci_add 0000:00:08.0 10de:1b06 030000 group=1
    rule gpu0 '[Match]' ID=10de:1b06
    plan
    device s1-2 bind lender initrd
    bound 0000:00:08.0 s1-2
    rule_is lent ok
    is "$(get '.devices[] | select(.address == "s1-2") | "\(.bus) \(.id) \(.class) \(.group)"')" 'shelf cafe:0001 01 null' device
    is "$(operations shelf/devices)" \
        '/sys/bus/shelf/devices/s1-2/owner=lender /sys/bus/shelf/devices/s1-2/lent=lender' operations
    ctl plan
    says '^  lent +ok +s1-2 +cafe:0001 +.*lender +initrd$'
}

@test "act takes the device below --root, and status has it, for people and in JSON" {
    boot
    exits 0
    owner s1-2 lender
    owner s3-4 host
    ctl status --json
    exits 0
    is "$(get '.devices[] | "\(.bus) \(.address) \(.state) \(.driver)"')" 'shelf s1-2 bound lender' devices
    ctl status
    exits 0
    says '^  lent +ok +s1-2 +cafe:0001 +lender( |$)'
}

@test "what is taken in vain is given back on the bus's own way" {
    shelf_rule '[Match]' Bus=shelf Address=s3-4 '[Device]' Driver=lender
    boot
    exits 1
    owner s3-4 host
    ctl status --json
    exits 1
    is "$(get '.devices[] | "\(.address) \(.state)"')" 's3-4 failed' devices
}

@test "release gives back, bind takes again" {
    boot
    ctl release lent
    exits 0
    owner s1-2 host
    ctl bind lent
    exits 0
    owner s1-2 lender
}

@test "what the bus itself has against a device" {
    shelf_add s9-1 cafe:0003 01
    shelf_rule '[Match]' Bus=shelf Path=9/1 '[Device]' Driver=lender
    plan
    refused s9-1 '^nobody reaches shelf 9$'
}

@test "words are those of the bus that the rule names, wherever it does" {
    shelf_rule '[Match]' Path=1/2 Bus=shelf '[Device]' Driver=lender
    plan
    bound s1-2
    shelf_rule '[Match]' Path=1/2 '[Device]' Driver=lender
    plan
    rule_says lent 'Path=1/2: not valid; write a bridge path'
    put /etc/passthrough.d/lent.conf.d/bus.conf '[Match]' Bus=shelf
    plan
    bound s1-2
    rule_is lent ok
    is "$stderr" '' 'standard error'
    shelf_rule '[Match]' Bus=shelf Path=0000:40:03.1/00.0
    plan
    rule_says lent 'Path=0000:40:03.1/00.0: not valid; write a shelf and a place, such as 1/2'
    shelf_rule '[Match]' Bus=shelf Slot=3
    plan
    rule_says lent 'Slot= means nothing for Bus=shelf; leave it out'
    rm -r "$ROOT/etc/passthrough.d/lent.conf.d"
    shelf_rule '[Match]' Bus=shelve Path=1/2
    plan
    rule_says lent 'Bus=shelve: not valid; write pci, usb, tty, mdev or shelf'
}

@test "a rule on PCI takes nothing of it, and none of it what is on PCI" {
    shelf_rule '[Match]' ID=cafe:0001
    plan
    bound
    shelf_rule '[Match]' Bus=shelf ID=10de:1b06
    plan
    bound
}

@test "list has it, and add writes a rule for it" {
    rm "$ROOT/etc/passthrough.d/lent.conf"
    ctl list --json
    is "$(get '.devices[] | select(.bus == "shelf") | "\(.address)=\(.path)"')" 's1-2=1/2 s3-4=3/4' devices
    ctl add borrowed s1-2 Driver=lender
    exits 0
    grep -qx Bus=shelf "$ROOT/etc/passthrough.d/borrowed.conf"
    grep -qx Path=1/2 "$ROOT/etc/passthrough.d/borrowed.conf"
    plan
    bound s1-2
    ctl check --json
    row_of=$(get '.checks[] | select(.id == "module.lender") | "\(.status) \(.message)"')
    is "$row_of" 'pass there (/sys/bus/shelf/drivers/lender)' 'the row of its driver'
}
