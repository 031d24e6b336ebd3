# What a refusal advises, carried out, gives what it promises: the settings and lines that plan names, the commands that add ends with.

load product
load tree
load tree-users
load tree-guard

setup() {
    tree_again advice && return
    tree_new
    card 0000:00:02.0 01 1
    pci_root 0000:40
    card 0000:40:03.1 42 15
    tree_keep advice
}

# --- plan

# set_in RULE SECTION LINE: that line, in place of one with the same key.
set_in() {
    local file=$ROOT/etc/passthrough.d/$1.conf
    sed -i "/^${3%%=*}=/d" "$file"
    grep -qxF "[$2]" "$file" || printf '[%s]\n' "$2" >>"$file"
    sed -i "/^\[$2\]/a $3" "$file"
}

# follow RULE: carries out what plan says of the rule; false where it says nothing that could be carried out.
follow() {
    local message other value
    message=$(get ".rules[] | select(.name == \"$1\").message")
    ADVICE=${ADVICE:+$ADVICE$'\n'}$message
    case $message in
    *'see IOMMUGroup=complete'*) set_in "$1" Device IOMMUGroup=complete ;;
    *'AllowBootDisplay=yes takes it'*) set_in "$1" Device AllowBootDisplay=yes ;;
    *'Stage=root for both'* | *'Stage=root'*'for both'*)
        other=$(get ".devices[] | select(.address == \"$(sed -E 's/.* also holds ([0-9a-f:.]*) .*/\1/' <<<"$message")\").rule")
        set_in "$1" Device Stage=root
        set_in "$other" Device Stage=root
        ;;
    *'write the same in both'*)
        value=$(sed -E 's/.* has ((Owner|Group|Mode)=[^;]*);.*/\1/' <<<"$message")
        set_in "$1" Device "$value"
        ;;
    *'name the one that is meant: Path='*) set_in "$1" Match "$(sed -E 's/.* is meant: (Path=[^ ]*).*/\1/' <<<"$message")" ;;
    *'takes all below it: Path='*) put "/etc/passthrough.d/$1.conf" '[Match]' "Path=$(sed -E 's/.*below it: Path=([^ ;]*).*/\1/' <<<"$message")" ;;
    *'unbind it from '*)
        other=$(sed -E 's/^.* also holds ([0-9a-f:.]*) .*/\1/; s/^([0-9a-f:.]*): .*/\1/' <<<"$message")
        rm "$ROOT/sys/$(pci_dir "$other")/driver"
        ;;
    *) return 1 ;;
    esac
}

# leads_to RULE STATE: following all advice ends there, and there was some. The boot display may also be what the host needs otherwise: a yes to
# the one is none to the other.
leads_to() {
    local step
    ADVICE=''
    for step in 1 2 3 4; do
        plan
        [[ $(get ".rules[] | select(.name == \"$1\").state") == refused ]] || break
        follow "$1" || break
    done
    if [[ $(tail -n 2 <<<"$ADVICE") == *AllowBootDisplay=yes*$'\n'*'the host needs it'* ]]; then return; fi
    is "$(get ".rules[] | select(.name == \"$1\").state")" "$2" "what following leads to: $ADVICE, after $((step - 1)) steps, state" || return 1
    ((step > 1)) || { echo "no advice: $ADVICE" && return 1; }
}

@test "plan's own advice: the rest of a group, the boot display, and both" {
    pci_add 0000:00:0d.0 8086:0d4c 0200 group=15
    rule gpu0 '[Match]' Path=0000:40:03.1/00.0
    leads_to gpu0 ok
    pci_set 0000:01:00.0 boot_vga 1
    rule gpu1 '[Match]' Path=0000:00:02.0/00.0
    leads_to gpu1 ok
    pci_set 0000:42:00.0 boot_vga 1
    rule gpu0 '[Match]' Path=0000:40:03.1/00.0
    leads_to gpu0 ok
}

@test "plan advises the whole group only where it would go" {
    pci_add 0000:00:0d.0 8086:0d4c 0200 group=15 driver=e1000e
    nic eno13 0000:00:0d.0 up
    default_route eno13
    rule gpu0 '[Match]' Path=0000:40:03.1/00.0
    plan
    rule_says gpu0 '0000:00:0d\.0 .*, which cannot go with it: the host needs it: .* ← default route$'
    has_not 'see IOMMUGroup=complete'
    # A bridge that the host drives behind one that could go.
    rule gpu1 '[Match]' Path=0000:00:02.0/00.0
    pci_add 0000:00:0a.0 8086:0d4c 0200 group=1
    pci_add 0000:00:1e.0 8086:7a04 0601 group=1 driver=lpc_ich
    plan
    rule_says gpu1 '0000:00:1e\.0'
    has_not 'see IOMMUGroup=complete'
}

@test "plan's own advice: more devices than expected, another stage, other access, what is below a controller" {
    rule gpus '[Match]' ID=1002:5159
    leads_to gpus ok
    rm "$ROOT/etc/passthrough.d/gpus.conf"
    pci_add 0000:00:0a.0 8086:293e 0403 group=60
    pci_add 0000:00:0b.0 8086:10d3 0200 group=60
    rule a-audio '[Match]' Path=0000:00:0a.0 '[Device]' Stage=initrd
    rule b-nic '[Match]' Path=0000:00:0b.0
    leads_to a-audio ok
    rule_is b-nic ok
    rule a-audio '[Match]' Path=0000:00:0a.0 '[Device]' Stage=root Group=kvm
    rule b-nic '[Match]' Path=0000:00:0b.0 '[Device]' Stage=root Group=root
    leads_to a-audio ok
    machine vmd-three-disks
    local disk
    disk=$(find "$ROOT/sys/bus/pci/devices" -name '10000:*' -printf '%f\n' | LC_ALL=C sort | tail -n 1)
    rule disk '[Match]' Address="$disk"
    plan
    [[ $(get '.rules[0].message') != *'below it: Path='* ]] || leads_to disk ok
}

@test "plan's own advice on every kind of refusal of the example machines" {
    local m address message
    for m in desktop-two-nvme laptop-hybrid desktop-turing-usb usb-c-cards apu-renoir server-4gpu; do
        machine $m
        ctl list --json --all
        while read -r address; do
            rule zz-asked '[Match]' Address="$address"
            plan
            message=$(get '.rules[] | select(.name == "zz-asked").message')
            case $message in
            *=complete* | *=yes* | *' for both'* | *Path=[0-9]* | *'unbind it'*) leads_to zz-asked ok || { echo "$m $address" && return 1; } ;;
            esac
            rm "$ROOT/etc/passthrough.d/zz-asked.conf"
        done < <(jq -r '[.devices[] | select(.rule == "" and .class[:2] != "06")] | unique_by([.class[:2], .handover.action, (.handover.along | length > 0), .handover.reason[:24]])[].address' <<<"$output")
    done
}

# --- what the host has of it

# says_of ADDRESS: the reason why it stays.
says_of() { get ".devices[] | select(.address == \"$1\").reason"; }

# taken ADDRESS: what was advised has freed it, in a plan of its own.
taken() {
    plan
    device "$1" bind || { echo "after: $ADVICE" && return 1; }
}

# printed ADDRESS REGEX: what its refusal says behind that, which is kept in $ADVICE.
printed() {
    plan
    device "$1" refuse || return 1
    ADVICE=$(says_of "$1" | sed -nE "s/.*$2//p")
    [[ $ADVICE ]] || { echo "nothing behind $2: $(says_of "$1")" && return 1; }
}

# typed: the command of $ADVICE, a printf into a file of the host.
typed() { (eval "${ADVICE/>\//>"$ROOT"/}"); }

NIC=0000:00:0d.0

a_nic() {
    pci_add $NIC 8086:10d3 0200 group=60 driver=e1000e
    nic eno13 $NIC
    rule nic '[Match]' Address=$NIC
    mkdir -p "$ROOT"/etc/NetworkManager/conf.d "$ROOT/etc/systemd/network"
}

@test "an interface that NetworkManager, networkd, dhcpcd or ConnMan has: what is printed excludes it" {
    a_nic
    taken $NIC
    mkdir -p "$ROOT/run/NetworkManager"
    printed $NIC 'to exclude it: '
    typed
    taken $NIC
    rm -r "$ROOT/run/NetworkManager"
    put /etc/netplan/1.yaml network: '  ethernets:' '    all:' '      match:' '        name: "eno*"' '      dhcp4: true'
    printed $NIC 'to exclude it from systemd-networkd: '
    typed
    taken $NIC
    rm -r "$ROOT/etc/netplan" "$ROOT/etc/systemd/network"
    unit dhcpcd.service
    put /etc/dhcpcd.conf '# as it was'
    printed $NIC 'put on top of that file: '
    sed -i "1i $ADVICE" "$ROOT/etc/dhcpcd.conf"
    taken $NIC
    rm -r "$ROOT/etc/systemd/system"
    unit connman.service
    printed $NIC 'below \[General\] there: '
    put /etc/connman/main.conf '[General]' "$ADVICE"
    taken $NIC
}

@test "a host of which nothing tells what it answers on: Uplink= of what it uses frees the others" {
    a_nic
    pci_add 0000:00:0e.0 8086:10d3 0200 group=61 driver=e1000e
    nic eno14 0000:00:0e.0
    no_uplink
    printed $NIC 'below \[Host\]: '
    [[ $ADVICE == 'Uplink=INTERFACE, or Uplink=none' ]] || { echo "$ADVICE" && return 1; }
    put /etc/passthrough.conf '[Host]' Uplink=eno14
    taken $NIC
    put /etc/passthrough.conf '[Host]' Uplink=none
    taken $NIC
    put /etc/passthrough.conf '[Host]' Uplink=eno13
    plan
    refused $NIC 'Uplink= of passthrough.conf'
}

DISK=0000:00:07.0

a_disk() {
    pci_add $DISK 144d:a808 010802 group=31 driver=nvme serial=00-25-38-00-00-00-00-01
    disk nvme0n1 259:0 $DISK
    part nvme0n1p1 259:1
    rule disk '[Match]' Address=$DISK
}

@test "a disk that LVM, mdadm or ZFS has in its files: what is printed takes it out of them" {
    a_disk
    udev_tags nvme0n1p1 ID_FS_TYPE=LVM2_member ID_FS_UUID=aBcDeF-1234-5678-9abc-def0-1234-56789a
    taken $DISK
    put /etc/lvm/devices/system.devices 'VERSION=1.1.1' 'IDTYPE=sys_wwid PVID=aBcDeF123456789abcdef0123456789a'
    printed $DISK "if it is a guest's: "
    [[ $ADVICE == 'lvmdevices --deldev /dev/nvme0n1p1' ]]
    sed -i /aBcDeF123456789abcdef0123456789a/d "$ROOT/etc/lvm/devices/system.devices"
    taken $DISK
    udev_tags nvme0n1p1 ID_FS_TYPE=linux_raid_member ID_FS_UUID=0badcafe-1111-2222-3333-444455556666
    put /etc/mdadm/mdadm.conf 'ARRAY /dev/md/0 metadata=1.2 UUID=0badcafe:11112222:33334444:55556666 name=h:0'
    printed $DISK "if it is a guest's, "
    [[ $ADVICE == 'remove it there' ]]
    sed -i '/0badcafe/d' "$ROOT/etc/mdadm/mdadm.conf"
    taken $DISK
    udev_tags nvme0n1p1 ID_FS_TYPE=zfs_member ID_FS_LABEL_ENC=tank
    mkdir -p "$ROOT/etc/zfs"
    printf 'xxtank\0\0\0\0\0\0\0\0' >"$ROOT/etc/zfs/zpool.cache"
    printed $DISK "if it is a guest's: "
    [[ $ADVICE == 'zpool export tank' ]]
    printf 'xx\0\0\0\0\0\0\0\0' >"$ROOT/etc/zfs/zpool.cache"
    taken $DISK
}

@test "a device that the clearance withholds, or that a clearance cut short withholds: what is said of the file frees it" {
    local file=/var/lib/passthrough/clearance
    firmware_uuid
    a_disk
    mounted nvme0n1p1 /srv ext4
    put /etc/fstab '# as it was'
    image_built
    # Nothing has it any more, but less shows than then.
    sed -i '\,/srv,d' "$ROOT/proc/self/mountinfo"
    rm "$ROOT/etc/fstab"
    printed $DISK 'if the host no longer needs it, '
    is "$ADVICE" "remove $file and build the image again" advice
    rm "$ROOT$file"
    image_built
    taken $DISK
    sed -i 'N; $ d; P; D' "$ROOT$file"
    put /etc/initrd-release ID=debian
    cp "$ROOT/proc/self/mountinfo" "$BATS_TEST_TMPDIR/"
    cp -a "$ROOT/sys/class/block" "$BATS_TEST_TMPDIR/"
    rm -r "$ROOT/sys/class/block" "$ROOT/proc/self/mountinfo"
    printed $DISK 'cannot be read to its end; '
    is "$ADVICE" 'remove it and build the image again' advice
    # On the host it stands in nobody's way: what shows has the last word there.
    rm "$ROOT/etc/initrd-release" "$ROOT$file"
    cp "$BATS_TEST_TMPDIR/mountinfo" "$ROOT/proc/self/mountinfo"
    cp -a "$BATS_TEST_TMPDIR/block" "$ROOT/sys/class/block"
    image_built
    put /etc/initrd-release ID=debian
    rm -r "$ROOT/sys/class/block" "$ROOT/proc/self/mountinfo"
    taken $DISK
}

# --- everything that the example machines have

# greedy MACHINE: a rule for all that people hand over, which expects any number.
greedy() {
    machine "$1"
    rm -f "$ROOT"/etc/passthrough.d/*
    rule zz-all '[Match]' 'Class=display audio multimedia network storage usb serial accelerator crypto 05 08 0d 10 11 ff' '[Device]' Expect=0-
}

# refusals: "ADDRESS REASON" of each device that is refused for itself.
refusals() { jq -r '.devices[] | select(.action == "refuse") | .address + " " + .reason' <<<"$output"; }

# obey: carries out what the refusals of the last plan advise; $OBEYED has "ADDRESS ADVICE" of each.
obey() {
    local address reason
    OBEYED=()
    while read -r address reason; do
        case $reason in
        *'AllowBootDisplay=yes takes it anyway'*)
            set_in zz-all Device AllowBootDisplay=yes
            OBEYED+=("$address AllowBootDisplay")
            ;;
        *'unbind it from '*)
            rm "$ROOT/sys/$(pci_dir "$address")/driver"
            OBEYED+=("$address unbind")
            ;;
        *'a rule takes it by Address='*)
            rule "a-${address##*:}" '[Match]' "Address=$address"
            OBEYED+=("$address a rule takes it by")
            ;;
        *'see IOMMUGroup=complete'*)
            set_in zz-all Device IOMMUGroup=complete
            OBEYED+=("$address IOMMUGroup")
            ;;
        *'hand those over, or disable them first'*)
            put "/sys/$(pci_dir "$address")/sriov_numvfs" 0
            find "$ROOT/sys/$(pci_dir "$address")" -name 'virtfn*' -printf '%l\n' | sed 's,.*/,,' >"$BATS_TEST_TMPDIR/functions"
            find "$ROOT/sys/$(pci_dir "$address")" -name 'virtfn*' -delete
            while read -r reason; do pci_remove "$reason"; done <"$BATS_TEST_TMPDIR/functions"
            OBEYED+=("$address disable them")
            ;;
        esac
    done < <(refusals)
    ((${#OBEYED[@]} > 0))
}

@test "on each example machine a greedy rule is refused with advice that helps, until nothing is left but what the host needs" {
    local m one next n=0
    for m in $(cd "$BATS_TEST_DIRNAME/machines" && echo *); do
        greedy "$m"
        plan
        while obey; do
            n=$((n + ${#OBEYED[@]}))
            plan
            for one in "${OBEYED[@]}"; do
                ! refusals | grep -F "${one%% *} " | grep -qF "${one#* }" || { echo "$m: still advised: $one" && return 1; }
            done
        done
        # What plan prints for people: what the host needs goes to it by a rule of its own.
        ctl plan
        while read -r next; do
            # shellcheck disable=SC2086 # as printed
            ctl $next
            exits 0 || { echo "$m: $next" && return 1; }
            n=$((n + 1))
        done < <(sed -n 's/^ *passthroughctl //p' <<<"$output")
        [[ $output != *'and write Expect='* ]] || { echo "$m: of any number none is expected" && return 1; }
        plan
        ! refusals | grep -E 'passthroughctl|[A-Z][A-Za-z]+=|unbind|disable' || { echo "$m: advice is left" && return 1; }
        [[ $next != add\ * ]] || rule_is zz-all ok || { echo "$m: after $next" && return 1; }
        next=
    done
    ((n > 20)) || { echo "only $n pieces of advice" && return 1; }
}

# --- add

# next_of: the command behind Next:, without sudo and program; what it says behind that is left out.
next_of() {
    sed -n 's/^ *Next: passthroughctl //p' <<<"$output"$'\n'"$stderr" | sed 's/   .*//'
}

@test "add's own advice on every kind of refusal of the example machines: the command writes the rule, or shows why" {
    local m address next
    for m in desktop-two-nvme laptop-hybrid desktop-turing-usb apu-renoir server-4gpu; do
        machine $m
        ctl list --json --all
        while read -r address; do
            ctl add zz-asked "$address"
            if [[ $status != 0 ]]; then
                exits 1 || return 1
                next=$(next_of)
                [[ $next ]] || { echo "$m $address: no next step" && show && return 1; }
                # shellcheck disable=SC2086 # as typed
                ctl $next
                exits 0 || { echo "$m $address: $next" && return 1; }
                [[ $next != add\ * ]] || plan
                [[ $next != add\ * ]] || rule_is zz-asked ok || { echo "$m $address: $next" && return 1; }
            fi
            rm -f "$ROOT/etc/passthrough.d/zz-asked.conf"
        done < <(jq -r '[.devices[] | select(.rule == "")] | unique_by([.class[:2], .handover.action, (.handover.along | length > 0), .handover.reason[:24]])[].address' <<<"$output")
    done
}

@test "what add names instead of something that is no device is a device, or leads to one" {
    pci_add 0000:00:07.0 144d:a808 010802 group=31 driver=nvme
    disk nvme0n1 259:0 0000:00:07.0
    part nvme0n1p1 259:1
    stacked dm-0 254:0 nvme0n1p1
    pci_add 0000:00:08.0 8086:10d3 0200 group=32 driver=e1000e
    nic eno8 0000:00:08.0
    net_over bond0 eno8
    local word
    for word in bond0 /dev/dm-0 eno9; do
        ctl add x "$word" --dry-run
        exits 2
        # shellcheck disable=SC2001
        ctl add x "$(sed -nE 's/.*(ports:|on:|is) "?([a-z0-9]+)"?( \(.*\)| meant\?)$/\2/p' <<<"$stderr")" --dry-run
        # The plan may have something against it: it is a device.
        [[ $status != 2 ]] || { echo "instead of $word" && show && return 1; }
    done
    # A name without a rule: bind and show say how to write one.
    for word in show bind; do
        ctl $word 42:00.0
        has 'write one first: passthroughctl add NAME 42:00.0'
    done
    ctl add NAME 0000:42:00.0
    exits 0
}
