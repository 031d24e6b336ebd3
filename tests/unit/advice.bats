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
    for word in bond0 /dev/dm-0 nvme0n1 eno9; do
        ctl add x "$word" --dry-run
        exits 2
        # shellcheck disable=SC2001
        ctl add x "$(sed -nE 's/.*(ports|on|write|is)[: ]+"?([a-z0-9/]+)"?( meant\?)?( \(see.*)?$/\2/p' <<<"$stderr")" --dry-run
        # The plan may have something against it: it is a device.
        [[ $status != 2 ]] || { echo "instead of $word" && show && return 1; }
    done
    # A name without a rule: bind and show say how to write one.
    for word in show bind; do
        ctl $word 42:00.0
        has 'write one first: passthroughctl add NAME 0000:42:00.0'
    done
    ctl add NAME 0000:42:00.0
    exits 0
}
