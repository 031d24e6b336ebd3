# What a virtual machine opens: owner, group and mode of the nodes, what udev is told of them, and the links. A tree's nodes
# are plain files, and its users are those of its own /etc/passwd.

load product
load tree

setup() {
    tree_again nodes && return
    tree_new
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 1234:11e8 00ff under=0000:00:03.0 group=2 driver=vfio-pci override=vfio-pci
    pci_add 0000:02:00.1 1234:11e9 00ff under=0000:00:03.0 group=2 driver=vfio-pci override=vfio-pci
    root_port 0000:00:04.0 03
    pci_add 0000:03:00.0 1234:11e8 00ff under=0000:00:04.0 group=3 driver=vfio-pci override=vfio-pci
    root_port 0000:00:05.0 04
    pci_add 0000:04:00.0 1234:11e8 00ff under=0000:00:05.0 group=4 driver=vfio-pci override=vfio-pci
    driver_present vfio-pci
    process 1 systemd
    put /etc/passwd root:x:0:0:root:/root:/bin/bash "vm:x:$(id -u):$(id -g)::/:/bin/false" other:x:4711:4711::/:/bin/false
    put /etc/group root:x:0: "kvm:x:$(id -g):vm" other:x:4712:
    node 2 && node 3 && node 4
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot
    rule net '[Match]' ID=1234:11e8 '[Device]' Expect=1-
    tree_keep nodes
}

# node GROUP: as the kernel makes it. cdev ADDRESS N: the same for the device itself.
node() {
    put "/dev/vfio/$1"
    chmod 600 "$ROOT/dev/vfio/$1"
}

cdev() {
    mkdir -p "$(pci_file "$1" vfio-dev)/vfio$2"
    put "/dev/vfio/devices/vfio$2"
    chmod 600 "$ROOT/dev/vfio/devices/vfio$2"
}

service() {
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule="$1"
}

mode_of() {
    stat -c %a "$ROOT$1"
}

links() {
    (cd "$ROOT" && find dev/passthrough run/passthrough/devices -type l -printf '%p=%l\n' 2>/dev/null | LC_ALL=C sort | paste -sd' ')
}

udev_rules() {
    grep -hv '^#' "$ROOT"/run/udev/rules.d/72-passthrough-"$1".rules | paste -sd'|'
}

# --- who may open them

@test "owner, group and mode: of the group's node and of each device's own, and udev is told" {
    cdev 0000:02:00.0 7
    cdev 0000:02:00.1 8
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Owner=vm Group=kvm Mode=0640
    service edu
    exits 0
    local file access rules=()
    for file in /dev/vfio/2 /dev/vfio/devices/vfio7 /dev/vfio/devices/vfio8; do
        is "$(mode_of $file)" 640 "mode of $file"
        is "$(stat -c %u:%g "$ROOT$file")" "$(id -u):$(id -g)" "owner of $file"
    done
    is "$(mode_of /dev/vfio/3)" 600 'mode of another group'
    access="OWNER=\"$(id -u)\", GROUP=\"$(id -g)\", MODE=\"0640\""
    # A group's number may be another group's once this one is gone.
    for file in 0000:02:00.0 0000:02:00.1; do
        rules+=("SUBSYSTEM==\"vfio-dev\", KERNELS==\"$file\", $access"
            "SUBSYSTEM==\"vfio\", KERNEL==\"2\", TEST==\"/sys/kernel/iommu_groups/2/devices/$file\", $access")
    done
    is "$(udev_rules edu)" "$(printf '%s\n' "${rules[@]}" | paste -sd'|')" 'udev rules'
}

@test "a number needs no user or group of that number" {
    : >"$ROOT/etc/passwd" && : >"$ROOT/etc/group"
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot "Owner=$(id -u)" "Group=$(id -g)" Mode=0640
    service edu
    exits 0
    is "$(mode_of /dev/vfio/2)" 640 mode
    is "$(stat -c %u:%g "$ROOT/dev/vfio/2")" "$(id -u):$(id -g)" owner
    ctl check
    has_not 'no such'
}

@test "a group that is given may read and write" {
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Group=kvm
    service edu
    exits 0
    is "$(mode_of /dev/vfio/2)" 660 mode
    [[ $(udev_rules edu) == *"KERNEL==\"2\", TEST==\"/sys/kernel/iommu_groups/2/devices/0000:02:00.0\", GROUP=\"$(id -g)\", MODE=\"0660\"|"* ]] || { udev_rules edu && return 1; }
}

@test "a rule that says nothing of it leaves nodes as they are, and udev untold" {
    chmod 604 "$ROOT/dev/vfio/2"
    service edu
    exits 0
    is "$(mode_of /dev/vfio/2)" 604 mode
    [[ ! -e $ROOT/run/udev/rules.d ]]
}

@test "an unknown user or group is said, fails the unit, and changes nothing else: the device stays bound" {
    local line
    for line in 'Owner=nobody-here:user' 'Group=nobody-here:group'; do
        rm -rf "$ROOT/run"
        rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Mode=0666 "${line%:*}"
        service edu
        exits 1
        has "edu: ${line%:*}: this host has no such ${line#*:}; the device is bound, and its nodes stay as they are"
        is "$(mode_of /dev/vfio/2)" 600 mode
        [[ ! -e $ROOT/run/udev/rules.d ]]
        is "$(links)" 'dev/passthrough/edu=/dev/vfio/2 run/passthrough/devices/edu=/sys/'"$(pci_dir 0000:02:00.0)" links
        ctl status --json
        is "$(get '[.devices[] | select(.rule == "edu").state] | unique[]')" bound state
    done
}

@test "an owner that cannot be set is said, and fails the unit" {
    [[ $(id -u) != 0 ]] || skip 'root may give any file away'
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Owner=other
    service edu
    exits 1
    has 'edu: /dev/vfio/2: Operation not permitted'
}

@test "names are the tree's, not this machine's" {
    put /etc/group 'kvm:x:4712:'
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Group=kvm
    service edu
    [[ $(udev_rules edu) == *'GROUP="4712"'* ]] || { udev_rules edu && return 1; }
    put /etc/group ''
    service edu
    exits 1
    has 'Group=kvm: this host has no such group'
}

@test "no node where there has to be one is said" {
    rm "$ROOT/dev/vfio/2"
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Mode=0660
    service edu
    exits 1
    has 'edu: 0000:02:00.0 has no node below /dev/vfio to set Owner=, Group= and Mode= on'
    # On a kernel without groups the device's own is enough.
    cdev 0000:02:00.0 0
    cdev 0000:02:00.1 1
    service edu
    exits 0
    is "$(mode_of /dev/vfio/devices/vfio0)" 660 mode
}

@test "plan says who may open the nodes, in the text form too" {
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Owner=vm Group=kvm
    rule net '[Match]' ID=1234:11e8 '[Device]' Expect=1- Mode=0666
    ctl plan
    exits 0
    says '^ +its nodes: owner vm, group kvm, mode 0660$'
    says '^ +its nodes: mode 0666$'
}

@test "check says of an unknown user or group before the boot does" {
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Owner=vm Group=nobody-here
    ctl check --json
    is "$(get '.checks[] | select(.id == "device.0000:02:00.0").status')" warn status
    [[ $(get '.checks[] | select(.id == "device.0000:02:00.0").message') == *'Group=nobody-here: this host has no such group'* ]] || { show && return 1; }
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Owner=vm Group=kvm
    ctl check --json
    has_not 'no such'
    # Where nothing tells who is known there, nobody is said to be unknown.
    rm "$ROOT/etc/passwd" "$ROOT/etc/group"
    ctl check --json
    has_not 'no such'
}

@test "check fails a device whose ResetMethod= cannot be set" {
    rm "$(pci_file 0000:03:00.0 reset_method)"
    : >"$(pci_file 0000:03:00.0 reset)"
    rule net '[Match]' ID=1234:11e8 '[Device]' Expect=1- ResetMethod=flr
    ctl check --json
    is "$(get '.checks[] | select(.id == "device.0000:03:00.0").status')" fail 'without reset_method'
    is "$(get '.checks[] | select(.id == "device.0000:04:00.0").status')" pass 'with it'
}

# --- links

@test "the link of a rule leads to its device's own node, else to the group's; a companion has none" {
    service edu
    exits 0
    is "$(links)" "dev/passthrough/edu=/dev/vfio/2 run/passthrough/devices/edu=/sys/$(pci_dir 0000:02:00.0)" links
    cdev 0000:02:00.0 7
    service edu
    is "$(links)" "dev/passthrough/edu=/dev/vfio/devices/vfio7 run/passthrough/devices/edu=/sys/$(pci_dir 0000:02:00.0)" 'links with cdev'
}

@test "a rule that takes several has a directory of links, from 0 on" {
    service net
    exits 0
    is "$(links)" "dev/passthrough/net.d/0=/dev/vfio/3 dev/passthrough/net.d/1=/dev/vfio/4 run/passthrough/devices/net.d/0=/sys/$(pci_dir 0000:03:00.0) run/passthrough/devices/net.d/1=/sys/$(pci_dir 0000:04:00.0)" links
}

@test "a number stays with its device: when it goes, when it comes back, and when another comes" {
    service net
    local saved=$BATS_TEST_TMPDIR/saved
    cp -r "$ROOT/var/lib/passthrough" "$saved"
    # The first goes; a new one comes behind.
    pci_remove 0000:03:00.0
    root_port 0000:00:06.0 06
    pci_add 0000:06:00.0 1234:11e8 00ff under=0000:00:06.0 group=6 driver=vfio-pci override=vfio-pci
    node 6
    rm -rf "$ROOT/run/passthrough" "$ROOT/dev/passthrough"
    service net
    exits 0
    is "$(links)" "dev/passthrough/net.d/1=/dev/vfio/4 dev/passthrough/net.d/2=/dev/vfio/6 run/passthrough/devices/net.d/1=/sys/$(pci_dir 0000:04:00.0) run/passthrough/devices/net.d/2=/sys/$(pci_dir 0000:06:00.0)" 'links without the first'
    # It comes back.
    pci_add 0000:03:00.0 1234:11e8 00ff under=0000:00:04.0 group=3 driver=vfio-pci override=vfio-pci
    rm -rf "$ROOT/run/passthrough" "$ROOT/dev/passthrough"
    service net
    exits 0
    is "$(readlink "$ROOT/dev/passthrough/net.d/0")" /dev/vfio/3 'number of what is back'
    # Without what was kept in mind, they are numbered anew.
    rm -rf "$ROOT/run/passthrough" "$ROOT/dev/passthrough" "$ROOT/var/lib/passthrough"
    service net
    is "$(readlink "$ROOT/dev/passthrough/net.d/2")" /dev/vfio/6 'number in another life'
}

@test "a number follows a serial number to another address, past the twin" {
    pci_remove 0000:03:00.0
    pci_remove 0000:04:00.0
    pci_add 0000:03:00.0 1234:11e8 00ff under=0000:00:04.0 group=3 driver=vfio-pci override=vfio-pci serial=aa-aa-aa-ff-ff-00-00-01
    pci_add 0000:04:00.0 1234:11e8 00ff under=0000:00:05.0 group=4 driver=vfio-pci override=vfio-pci serial=bb-bb-bb-ff-ff-00-00-02
    service net
    is "$(readlink "$ROOT/dev/passthrough/net.d/0")" /dev/vfio/3 'before'
    pci_remove 0000:03:00.0
    pci_remove 0000:04:00.0
    pci_add 0000:03:00.0 1234:11e8 00ff under=0000:00:04.0 group=3 driver=vfio-pci override=vfio-pci serial=bb-bb-bb-ff-ff-00-00-02
    pci_add 0000:04:00.0 1234:11e8 00ff under=0000:00:05.0 group=4 driver=vfio-pci override=vfio-pci serial=aa-aa-aa-ff-ff-00-00-01
    rm -rf "$ROOT/run/passthrough" "$ROOT/dev/passthrough"
    service net
    exits 0
    is "$(readlink "$ROOT/dev/passthrough/net.d/0")" /dev/vfio/4 'the first, where the second was'
    is "$(readlink "$ROOT/dev/passthrough/net.d/1")" /dev/vfio/3 'the second'
}

@test "a slot with a name that is no text is kept in mind all the same" {
    put $'/sys/bus/pci/slots/a\tb\xff/address' 0000:03:00
    service net
    exits 0
    rm -rf "$ROOT/run/passthrough" "$ROOT/dev/passthrough"
    service net
    exits 0
    is "$(readlink "$ROOT/dev/passthrough/net.d/0")" /dev/vfio/3 'the first'
    is "$(readlink "$ROOT/dev/passthrough/net.d/1")" /dev/vfio/4 'the second'
    is "$(grep -c ^net "$ROOT/var/lib/passthrough/numbers")" 2 'devices kept in mind'
}

@test "numbers that cannot be read are not guessed at: no links, said, and the file stays" {
    local text
    for text in nonsense $'passthrough-numbers 1\nnet\tx\t\t\t\t\t\t'; do
        put /var/lib/passthrough/numbers "$text"
        rm -rf "$ROOT/run/passthrough" "$ROOT/dev/passthrough"
        service net
        exits 1
        has 'net: no links: /var/lib/passthrough/numbers: it cannot be read; remove it, and devices are numbered anew'
        is "$(links)" '' links
        is "$(<"$ROOT/var/lib/passthrough/numbers")" "$text" 'the file'
    done
}

@test "what is released has no link and no rule of udev's any more; bind brings both back" {
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Mode=0660
    service edu
    exits 0
    [[ -L $ROOT/dev/passthrough/edu && -e $ROOT/run/udev/rules.d/72-passthrough-edu.rules ]]
    pci_bind 0000:02:00.0 nvme
    pci_bind 0000:02:00.1 nvme
    ctl release edu
    exits 0
    is "$(links)" '' links
    [[ ! -e $ROOT/run/udev/rules.d/72-passthrough-edu.rules ]]
    pci_bind 0000:02:00.0 vfio-pci
    pci_bind 0000:02:00.1 vfio-pci
    ctl bind edu
    exits 0
    [[ -L $ROOT/dev/passthrough/edu && -e $ROOT/run/udev/rules.d/72-passthrough-edu.rules ]]
}

@test "of several that are released one by one, the others keep their links" {
    service net
    pci_bind 0000:03:00.0 nvme
    ctl release 03:00.0
    exits 0
    is "$(links)" "dev/passthrough/net.d/1=/dev/vfio/4 run/passthrough/devices/net.d/1=/sys/$(pci_dir 0000:04:00.0)" links
}

@test "an edit after the boot changes no node and takes no link away, also where it is an error" {
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Mode=0660
    service edu
    local before text
    before=$(links)
    for text in Mode=0666 nonsense; do
        rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot "$text"
        service edu
        exits 0
        is "$(links)" "$before" links
        is "$(mode_of /dev/vfio/2)" 660 mode
        [[ $(udev_rules edu) == *'MODE="0660"'* ]]
    done
}

@test "a rule that now takes one where it took several has its one link" {
    service net
    rule net '[Match]' Address=03:00.0
    ctl bind net
    exits 0
    is "$(readlink "$ROOT/dev/passthrough/net")" /dev/vfio/3 link
    [[ ! -e $ROOT/dev/passthrough/net.d/0 ]]
}

@test "a rule named as another's directory of links takes nothing from it" {
    rm "$ROOT/etc/passthrough.d/net.conf"
    rule edu.d '[Match]' Address=03:00.0
    service edu.d
    service edu
    is "$(readlink "$ROOT/dev/passthrough/edu.d")" /dev/vfio/3 'the link'
    [[ -L $ROOT/dev/passthrough/edu && -e $ROOT/sys/$(pci_dir 0000:03:00.0)/vendor ]]
}

@test "in an initrd nobody is asked for, and nothing is made" {
    put /etc/initrd-release ID=debian
    rule edu '[Match]' Address=02:00.0 '[Device]' Functions=slot Owner=nobody-here Mode=0660
    run --separate-stderr env SYSTEMD_IN_INITRD=1 "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    has_not nobody-here
    is "$(links)" '' links
    is "$(mode_of /dev/vfio/2)" 600 mode
}
