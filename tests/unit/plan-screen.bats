# passthroughctl plan, for people: a line for each rule, as wide as their screen is, and what would make a refused rule ok.
# What the screens are like is in screens/.

load product
load tree
load tree-users
load tree-guard
load tree-pages
load screen

@test "three machines on a terminal of 80 and of 200 columns, in a pipe, in colour and in ASCII" {
    has_names
    local m
    for m in "${RULED[@]}"; do
        ruled "$m"
        screens plan "$m"
    done
}

@test "no line is longer than the screen is wide, and no word is broken" {
    local m columns
    for m in "${RULED[@]}"; do
        ruled "$m"
        # What has no room beside others is named by its kind.
        for columns in 60 80 100; do whole_words $columns plan nvme display network || { echo "$m" && return 1; }; done
    done
}

# said_once REGEX
said_once() {
    is "$(grep -cE -- "$1" <<<"$output")" 1 "lines with $1"
}

@test "each reason is said once: that of many rules behind their names, that of many devices for all" {
    machine two-cards
    rm -r "$ROOT"/sys/kernel/iommu_groups/*
    find "$ROOT/sys/devices" -name iommu_group -delete
    rule gpu0 '[Match]' Address=01:00.0
    rule gpu1 '[Match]' Address=42:00.0
    ctl plan
    said_once 'it has no IOMMU group'
    says '^  gpu0, gpu1: it has no IOMMU group: the IOMMU is off or not there$'
    rm "$ROOT/etc/passthrough.d/gpu1.conf"
    rule gpu0 '[Match]' ID=1002:5159 '[Device]' Expect=2
    ctl plan
    said_once 'it has no IOMMU group'
    ruled server-4gpu
    ctl plan
    said_once md127\ raid1.*nvme0n1p2\|nvme0n1p2\ .*md127
    said_once 'passthrough\.skip='
    said_once 'unknown key'
    has_not 'which is refused' 'comes with it and is refused'
    cmdline passthrough=off
    ctl plan
    said_once 'passthrough=off on the kernel command line'
}

@test "a rule's devices have a line each; at least three that are alike have one" {
    machine server-4gpu
    rule data '[Match]' ID=144d:a824 '[Device]' Expect=8
    ctl plan
    says '^  data +refused x 31:00\.0 .* nvme +stays$'
    says '^ +32:00\.0 and 5 more, .* nvme (→|->) vfio-pci +root$'
    says '^ +x b1:00\.0 '
    has_not 33:00.0
    rule data '[Match]' ID=144d:a824 'Address=32:00.0 33:00.0' '[Device]' Expect=2
    ctl plan
    says '^  data +ok +32:00\.0 '
    says '^ +33:00\.0 .* nvme (→|->) vfio-pci +root$'
    has_not ' more'
}

@test "companions are named below what they come with, and stand in the way with lines of their own" {
    machine two-cards
    rule gpu0 '[Match]' Address=01:00.0
    ctl plan
    says '^  gpu0 +ok +01:00\.0 .* radeon (→|->) vfio-pci +initrd$'
    said_once '01:00\.1'
    says '^ +with 01:00\.1, its audio$'
    usb_bus 1 0000:01:00.1
    rule gpu0 '[Match]' Address=01:00.0
    ln -sfn /elsewhere "$ROOT/sys/kernel/iommu_groups/1/devices/lpc.1"
    ctl plan
    exits 1
    says '^  gpu0 +refused '
    said_once 'lpc\.1'
}

# --- what would make it ok

# follow: does what the screen advises for the rule, which is ok then.
follow() { # follow RULE
    local line did=0 file
    local -a words
    while read -r line; do
        case $line in
        'passthroughctl add '*)
            read -ra words <<<"${line#passthroughctl }"
            ctl "${words[@]}" --yes
            exits 0 || return 1
            ;;
        'and write '*)
            read -ra words <<<"$line"
            file=${words[-1]}
            sed -i '/^Expect=/d' "$ROOT$file"
            add_line "$file" "${words[2]}"
            ;;
        IOMMUGroup=complete | AllowBootDisplay=yes)
            file=/etc/passthrough.d/$1.conf
            grep -q '^\[Device\]' "$ROOT$file" || add_line "$file" '[Device]'
            add_line "$file" "$line"
            ;;
        *) continue ;;
        esac
        did=$((did + 1))
    done < <(sed 's/^ *//' <<<"$advised")
    ((did > 0)) || { echo 'nothing is advised' && show && return 1; }
    plan
    rule_is "$1" ok
}

# advises RULE: what it is refused for, and what plan says of it.
advises() {
    ctl plan
    exits 1 || return 1
    says "^  $1 +refused" || return 1
    advised=$(sed -n '/To have the rule ok/,/^$/p' <<<"$output")
    follow "$1"
}

@test "what would make a refused rule ok is said, and does so" {
    machine server-4gpu
    rule data '[Match]' ID=144d:a824 '[Device]' Expect=8
    advises data
    grep -qx 'Expect=6' "$ROOT/etc/passthrough.d/data.conf"
    machine server-4gpu
    rule data '[Match]' ID=144d:a824 '[Device]' Expect=1-
    advises data
    machine server-4gpu
    rule usb '[Match]' Address=00:14.0
    advises usb
    machine desktop-two-nvme
    rule igpu '[Match]' Address=07:00.0
    advises igpu
    grep -qx AllowBootDisplay=yes "$ROOT/etc/passthrough.d/igpu.conf"
    # The names of the host's own rule sort before, and are free.
    machine desktop-two-nvme
    rule 05-disk '[Match]' Class=nvme '[Device]' Expect=1- IOMMUGroup=complete
    rm -rf "$ROOT/sys/kernel/iommu_groups/10"
    find "$ROOT/sys/devices" -path '*0000:04:00.0/iommu_group' -delete
    rule 00-host '[Match]' Address=07:00.3 '[Device]' Driver=native
    ctl plan
    has_not 'add 10-host' 'add 00-host'
}

@test "of those that the rule matches, the Path= line that is shown makes it ok" {
    machine two-cards
    rule gpu0 '[Match]' ID=1002:5159
    ctl plan
    exits 1
    says '^  gpu0 +refused +matches 2 devices and Expect= is 1$'
    says '^ +To have the rule ok, write the Path= line of the one that is meant in \[Match\] of /etc/passthrough\.d/gpu0\.conf$'
    local line
    line=$(grep -oE 'Path=0000:40:.*' <<<"$output")
    rule gpu0 '[Match]' ID=1002:5159 "$line"
    plan
    rule_is gpu0 ok
}

@test "nothing is advised that would not help; why the whole group would not is said" {
    machine desktop-two-nvme
    rule disk '[Match]' Address=04:00.0
    ctl plan
    exits 1
    says '^ +the rule does not take all of IOMMU group 10:$'
    says '^ +x 05:00\.0 .* r8169 +stays$'
    says '^ +the host needs it: enp5s0 ← default route$'
    has_not 'To have the rule ok' IOMMUGroup=
    rule disk '[Match]' Address=06:00.0
    ctl plan
    has_not 'To have the rule ok'
}

# --- the end

@test "the last lines count the rules, and say how far they are and what is next" {
    machine two-cards
    ctl plan
    says '^  No rules: every device stays with the host\.'
    says '^  Next: passthroughctl '
    rule gpu0 '[Match]' Address=01:00.0
    ctl plan
    says '^  1 rule ok\. No boot image was found here\.$'
    rule none '[Match]' ID=1d94:0001
    rule away '[Match]' Host=elsewhere Address=42:00.0
    ctl plan
    says '^  1 rule ok, 1 not, 1 skipped\. '
    says '^  none +missing +no PCI device here has ID=1d94:0001$'
    is "$(tail -n1 <<<"$output" | grep -c '^  Next: ')" 1 'the last line'
}

@test "--steps has each operation that the document has, in its order, with why" {
    machine two-cards
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Stage=root
    rule gpu1 '[Match]' Address=42:00.0
    ctl plan
    has_not Operations driver_override
    ctl plan --steps
    local shown
    shown=$(awk '/Operations, in order:/ { on = 1; next } /^$/ { on = 0 } on && /^  [a-z]/ { print $1, $2, $3 }' <<<"$output" | paste -sd' ')
    says '^ +no other driver may bind it from here on$'
    plan
    is "$shown" "$(get '.operations[] | "\(.stage) \(.op) \(.target)"')" operations
}

@test "addresses keep their domain where there is more than one, and a long name has a line of its own" {
    machine two-cards
    pci_root 10000:e0
    pci_add 10000:e0:06.0 8086:10d3 ff0000 group=77
    rule a-name-that-is-longer-than-its-column '[Match]' ID=1002:5159 Path=0000:00:02.0/00.0
    LC_ALL=C.UTF-8 shown_at 80 plan
    fits 80
    says '^  a-name-that-is-longer-than-its-column +ok$'
    says '^ +0000:01:00\.0 '
}
