# passthroughctl list, for people: a line for each device, as wide as their screen is and in the letters that it has.
# What the screens are like is in screens/.

load product
load tree
load tree-users
load tree-guard
load screen

MADE=(desktop-two-nvme server-4gpu laptop-hybrid)
REAL=(desktop-turing-usb server-8gpu-ib server-cx5-vfs two-cards two-functions)

# at COLUMNS [WORD...]: list on a terminal of that width.
at() { shown_at "$1" list "${@:2}"; }

@test "three machines on a terminal of 80 and of 200 columns, in a pipe, in colour and in ASCII" {
    has_names
    local m
    for m in "${MADE[@]}"; do
        machine "$m"
        LC_ALL=C.UTF-8 at 80
        is_screen "list.$m.80"
        LC_ALL=C.UTF-8 at 200
        is_screen "list.$m.200"
        NO_COLOR='' LC_ALL=C.UTF-8 at 80
        is_screen "list.$m.colour"
        LC_ALL=C at 80
        is_screen "list.$m.ascii"
        LC_ALL=C.UTF-8 ctl list
        exits 0
        is "$stderr" '' 'standard error'
        is_screen "list.$m.pipe"
    done
}

@test "all about one device of each" {
    has_names
    local entry
    for entry in desktop-two-nvme:01:00.0 desktop-two-nvme:04:00.0 server-4gpu:17:00.0 server-4gpu:31:00.0 laptop-hybrid:00:0d.2; do
        machine "${entry%%:*}"
        LC_ALL=C.UTF-8 at 80 "${entry#*:}"
        is_screen "list-one.${entry//:/-}.80"
    done
}

@test "no line is longer than the screen is wide, and no word is broken, on any machine" {
    local m columns pipe broken
    for m in "${MADE[@]}" "${REAL[@]}"; do
        machine "$m"
        LC_ALL=C.UTF-8 ctl list --all
        pipe=$(words_of "$output")
        for columns in 60 80 $([[ " ${MADE[*]} " != *" $m "* ]] || echo 100 200); do
            LC_ALL=C.UTF-8 at $columns --all
            fits $columns || { echo "$m" && return 1; }
            broken=$(LC_ALL=C comm -13 <(echo "$pipe") <(words_of "$output") | grep -vx '…' || true)
            is "$broken" '' "words that no pipe has, $m at $columns"
        done
    done
}

@test "no line about one device is longer than the screen is wide" {
    local m address
    for m in "${MADE[@]}" server-cx5-vfs; do
        machine "$m"
        for address in $(find "$ROOT/sys/bus/pci/devices" -type l -printf '%f\n' | LC_ALL=C sort | head -24); do
            LC_ALL=C.UTF-8 at 80 "$address"
            fits 80 || { echo "$m $address" && return 1; }
        done
    done
}

@test "a server has at most one line for each of its devices, that of four cards no more than 40" {
    local m
    for m in server-4gpu server-8gpu-ib server-cx5-vfs; do
        machine "$m"
        at 80
        (($(wc -l <<<"$output") <= $(find "$ROOT/sys/bus/pci/devices" -type l | wc -l))) || { echo "$m" && show && return 1; }
    done
    machine server-4gpu
    at 80
    (($(wc -l <<<"$output") <= 40)) || { show && return 1; }
}

@test "in a pipe each device has one line with all there is to say, below a header" {
    machine server-cx5-vfs
    ctl list
    says '^ +ADDRESS +DEVICE +DRIVER +HANDOVER$'
    says '^ +12:00\.0 .*, ens1f0 and 3 more +mlx5_core +held +VFs enabled: 3 of 8 VFs: 2 free \(no driver\), 1 free \(vfio-pci, no rule\)$'
    is "$(grep -c '^ *[0-9a-f]*:[0-9a-f]*\.[0-7]' <<<"$output")" 14 lines
}

@test "the width is the terminal's; one that does not say has COLUMNS, or 80" {
    machine server-4gpu
    at 200
    local wide=$output
    COLUMNS=80 at 200
    is "$output" "$wide" 'a terminal that says'
    COLUMNS=200 at 0
    is "$output" "$wide" 'one that does not, with COLUMNS'
    COLUMNS=many at 0
    fits 80
    COLUMNS='' at 0
    fits 80
}

@test "where the locale is not UTF-8, all that list says is ASCII" {
    machine desktop-two-nvme
    local arguments
    for arguments in '' --all 04:00.0 06:00.0; do
        LC_ALL=C at 80 $arguments
        ! LC_ALL=C grep -n '[^ -~]' <<<"$output" || { echo "list $arguments" && return 1; }
    done
    has '06:00.0 <- nvme0n1p2 <- /'
}

@test "colour is for terminals: NO_COLOR and SYSTEMD_COLORS say otherwise" {
    machine two-cards
    NO_COLOR='' at 80
    has $'\e[32mfree' $'\e[90mheld'
    at 80
    has_not $'\e'
    NO_COLOR='' SYSTEMD_COLORS=0 at 80
    has_not $'\e'
    ctl list
    has_not $'\e'
    SYSTEMD_COLORS=1 ctl list
    has $'\e[32mfree'
}

# --- words

# shown ADDRESS...: exactly these have a line.
shown() {
    is "$(grep -oE '^ +[0-9a-f]+:[0-9a-f]+\.[0-7] ' <<<"$output" | tr -d ' ' | paste -sd' ')" "$*" 'lines'
}

@test "words filter by class, heading, model, driver, kernel name, ID and address; all have to hold; case does not matter" {
    has_names
    machine desktop-two-nvme
    ctl list graphics
    shown 01:00.0 07:00.0
    ctl list display
    shown 01:00.0 07:00.0
    ctl list NVMe
    shown 04:00.0 06:00.0
    ctl list geforce
    shown 01:00.0
    ctl list samsung electronics
    shown 04:00.0 06:00.0
    ctl list samsung nvme1
    shown 04:00.0
    ctl list r8169
    shown 05:00.0
    ctl list 10ec:
    shown 05:00.0
    ctl list 07:00
    shown 07:00.0 07:00.3 07:00.4 07:00.1 07:00.6
    ctl list nvidia samsung
    exits 0
    shown
    says '^  No device here has all of these words'
    # What stands on another's line has its own where that one is not meant.
    ctl list nvidia audio
    shown 01:00.1
}

@test "bridges and system functions are hidden unless --all, and then said to be" {
    machine desktop-two-nvme
    ctl list
    has 'Bridges and system functions are hidden (--all).'
    has_not 00:14.0
    ctl list --all
    says '^  Bridges and system$'
    says '^ +00:14\.0 '
    says '^ +02:00\.0 .* bridge$'
    has_not hidden
    ctl list 02:00.0
    says '^  02:00\.0 '
    # Who hands one over sees it.
    ctl list
    has_not 00:14.3
    pci_bind 0000:00:14.0 vfio-pci
    ctl list
    says '^ +00:14\.0 .* vfio-pci '
}

@test "one word that names a device, as add takes it, asks for all about that one" {
    machine desktop-two-nvme
    local word
    for word in 05:00.0 0000:05:00.0 enp5s0; do
        ctl list $word
        exits 0
        says '^  05:00\.0 '
        says '^  On it +enp5s0$'
        says '^  Group 10 +02:00\.0 '
        says '^  Handover +held: the host needs it: 05:00\.0 .* default route$'
        says '^ +Path=0000:00:02\.1/00\.0/09\.0/00\.0$'
        says '^  Next: passthroughctl list '
    done
    for word in /dev/nvme1n1 nvme1n1; do
        ctl list $word
        says '^  04:00\.0 '
        says '^  Handover +held: IOMMU group 10 also holds 05:00\.0 '
    done
    ctl list 09:00.0
    exits 2
    has 'there is no PCI device at 09:00.0'
    ctl list /dev/nothing
    exits 2
    # Two words are looked for.
    ctl list enp5s0 r8169
    shown 05:00.0
}

@test "words choose from the document as well, which has bridges in any case" {
    machine desktop-two-nvme
    ctl list --json
    local all=$output
    ctl list --json --all
    is "$output" "$all" 'with --all'
    ctl list --json network
    is "$(get '.devices[].address')" 0000:05:00.0 network
    is "$(jq -c '.devices[] | select(.address == "0000:05:00.0")' <<<"$all")" "$(jq -c '.devices[]' <<<"$output")" 'the device'
    ctl list --json 02:00.0
    is "$(get '.devices[].address')" 0000:02:00.0 'one address'
    ctl list --json no-such-thing
    exits 0
    is "$(get '.devices | length')" 0 none
}

# --- what is said

@test "what many devices share is said once" {
    machine two-cards
    rm -r "$ROOT"/sys/kernel/iommu_groups/*
    find "$ROOT/sys/devices" -name iommu_group -delete
    ctl list
    is "$(grep -c 'the IOMMU is off or not there' <<<"$output")" 1 'lines with the reason'
    says '^  no IOMMU group: the IOMMU is off or not there$'
    says '^ +42:00\.0 .* held +no IOMMU group'
    says '^  Next: passthroughctl check '
}

@test "a reason has a few words on its line, and what is to be done about it where one device is told of" {
    machine desktop-two-nvme
    put /sys/kernel/iommu_groups/8/reserved_regions '0x000000007b800000 0x000000007fffffff direct'
    ln -s /sys/devices/platform/lpc "$ROOT/sys/kernel/iommu_groups/15/devices/lpc.1"
    rm "$(pci_file 0000:07:00.0 boot_vga)"
    swap_on nvme0n1p1
    rule native '[Match]' Address=07:00.6 '[Device]' Driver=native
    rule a-name-that-is-longer-than-its-column-has-room-for '[Match]' Address=07:00.4
    ctl list
    says '^ +01:00\.0 .* held +the firmware uses it: memory of its group is the firmware.s \(RMRR\); with 01:00\.1, its audio$'
    says '^ +07:00\.0 .* held +may be the boot display: the firmware may have booted on this display \(no boot_vga\)$'
    says '^ +07:00\.3 .* held +group 15: shares it with lpc\.1, which is not a PCI function'
    says '^ +07:00\.6 .* held +rule native$'
    ctl list 07:00.0
    says 'AllowBootDisplay=yes takes it'
    LC_ALL=C.UTF-8 at 80
    fits 80
    says '^ +07:00\.4 .* next boot$'
    says '^ {15}a-name-that-is-longer-than-its-column-has-room-for$'
    module vfio-pci absent
    ctl list
    says '^  no vfio-pci: kernel .* has no such module and no such driver$'
    rule bad '[Match]' Address=07:00.6 '[Device]' Driver=native Nonsense=1
    rm "$ROOT/etc/passthrough.d/native.conf"
    ctl list
    says '^ +07:00\.6 .* held +rule bad, which has an error$'
    rm "$ROOT/etc/passthrough.d/bad.conf"
    cmdline passthrough.skip=a-name-that-is-longer-than-its-column-has-room-for
    ctl list
    says '^ +07:00\.4 .* held +rule a-name.*, which is switched off$'
}

@test "slot and NUMA node are there where they tell twins apart" {
    machine server-4gpu
    ctl list
    says '^ +ADDRESS +DEVICE +SLOT NUMA DRIVER '
    says '^ +ca:00\.0 .* 5 +1 nouveau +free$'
    ctl list ens2f0np0 mlx5_core
    has_not SLOT NUMA
    machine desktop-two-nvme
    ctl list
    has_not SLOT NUMA
}

@test "virtual functions are summed up below their function, with whose they are" {
    machine server-cx5-vfs
    rule vms '[Match]' Parent=12:00.0 VirtualFunction=2
    ctl list
    says '^ +12:00\.0 .* 3 of 8 VFs: 2 free \(no driver\), 1 handed over \(vms, vfio-pci\)$'
    ctl list 12:00.0
    says '^ +12:00\.4 .*, vfio-pci: handed over$'
    ctl list 12:00.4
    says '^  SR-IOV +virtual function 2 of 12:00\.0$'
    # Where their function is not meant, they have lines of their own.
    ctl list 12:00.4 vfio
    shown 12:00.4
}

@test "what belongs to a card and sits behind another port of its own switch stands beside it" {
    tree_new
    root_port 0000:00:01.0 03
    pci_add 0000:03:00.0 8086:4fa1 0604 under=0000:00:01.0 bus=04 group=20 driver=pcieport
    pci_add 0000:04:01.0 8086:4fa4 0604 under=0000:03:00.0 bus=05 group=21 driver=pcieport
    pci_add 0000:04:04.0 8086:4fa4 0604 under=0000:03:00.0 bus=06 group=22 driver=pcieport
    pci_add 0000:05:00.0 8086:56a0 0300 under=0000:04:01.0 group=23 driver=i915
    pci_add 0000:06:00.0 8086:4f90 0403 under=0000:04:04.0 group=24 driver=snd_hda_intel
    ctl list
    says '^ +05:00\.0 .* free +its audio is 06:00\.0$'
    says '^ +06:00\.0 .* free$'
    ctl list 05:00.0
    says '^  Same card +06:00\.0 .* free$'
    # Behind a board's switch are cards of many makers.
    pci_set 0000:03:00.0 modalias "$(sed s/v00008086/v000010B5/ "$(pci_file 0000:03:00.0 modalias)")"
    ctl list
    says '^ +05:00\.0 .* free$'
}

@test "addresses keep their domain where there is more than one" {
    machine two-cards
    pci_root 10000:e0
    pci_add 10000:e0:06.0 144d:a808 010802 driver=nvme
    ctl list
    says '^ +0000:01:00\.0 '
    says '^ +10000:e0:06\.0 '
}

@test "what list calls free, the command that it names for it takes" {
    local m address
    local -a next
    for m in "${MADE[@]}" desktop-turing-usb server-cx5-vfs two-functions; do
        machine "$m"
        ctl list
        for address in $(awk '$0 ~ /^ +[0-9a-f]+:[0-9a-f]+\.[0-7] .*  free($|  )/ { print $1 }' <<<"$output"); do
            ctl list "$address"
            says '^  Handover +free$'
            read -ra next < <(sed -n 's/^  Next: passthroughctl //p' <<<"$output")
            # Where rules wait, that comes first.
            [[ ${next[0]} == add && ${next[2]} == "$address" ]] || { echo "$m $address" && show && return 1; }
            ctl "${next[@]}" --dry-run
            [[ $status == 0 ]] || { echo "$m $address" && show && return 1; }
        done
    done
}

# --- what comes next

# next REGEX
next() { says "^  Next: $1"; }

@test "the last line has the next command, as far as the rules have come" {
    machine two-cards
    dracut_there
    ctl list
    next 'passthroughctl add NAME ADDRESS   e\.g\. add gpu0 01:00\.0$'
    rule gpu0 '[Match]' Address=01:00.0
    ctl list
    next 'passthroughctl apply '
    has '1 next boot'
    pci_bind 0000:01:00.0 vfio-pci
    pci_bind 0000:01:00.1 vfio-pci
    ctl list
    next 'passthroughctl show gpu0 '
    rule disk '[Match]' Address=00:1f.2
    ctl list
    next 'passthroughctl plan '
    rule bad nonsense
    ctl list
    exits 2
    next 'passthroughctl plan +once the errors are corrected$'
    rm "$ROOT"/etc/passthrough.d/*
    ctl list storage
    next 'passthroughctl list 00:1f\.2 +says all about that device$'
    ctl list no-such-thing
    next 'passthroughctl list '
}

@test "the name that it proposes for a rule is no other rule's" {
    machine two-cards
    rule gpu0 '[Match]' Address=09:00.0
    ctl list 42:00.0
    next 'passthroughctl add gpu1 42:00\.0$'
    # What comes with a display is named by that one.
    ctl list 42:00.1
    next 'passthroughctl add gpu1 42:00\.0$'
}
