# Hosts of Proxmox whose kernels and images proxmox-boot-tool copies to ESPs: found, changed, verified and taken back.

MAKER=initramfs-tools
load product
load tree
load live
load tree-boot
load tree-esps

TOKENS='intel_iommu=on iommu=pt'

setup() {
    tree_new bare
    image_tools
    rule gpu0 '[Match]' ID=10de:1b06
}

reads() { is "$(<"$ROOT$1")" "$2" "$1"; }

LOADER_INFO=/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
booted_by() {
    mkdir -p "$ROOT${LOADER_INFO%/*}"
    { printf '\6\0\0\0' && printf '%s\0' "$1" | sed 's/./&\x00/g' && printf '\0'; } >"$ROOT$LOADER_INFO"
}

# pve ARG...: passthroughctl on the running host, whose ESPs are partitions that nobody has mounted.
pve() {
    live_run /with-esps /build/passthroughctl "$@"
    keep_document "$@"
}

pve_live() {
    live_root
    esps_live
}

# without_sync: what apply itself runs is what goes wrong.
without_sync() { rm "$ROOT/etc/initramfs/post-update.d/proxmox-boot-sync"; }

# esp_state: all that is on the ESPs, less times.
esp_state() { (cd "$ROOT/esp" && find . -type f -exec sha256sum {} + | LC_ALL=C sort); }

# both_have: each ESP has the tokens and the image of /boot.
both_have() {
    local uuid
    for uuid in "$ESP1" "$ESP2"; do
        grep -q "$TOKENS" "$ROOT/esp/$uuid/${1-loader/entries/proxmox-$KERNEL.conf}" &&
            cmp "$ROOT/boot/initrd.img-$KERNEL" "$ROOT/esp/$uuid/${2-EFI/proxmox/$KERNEL}/initrd.img-$KERNEL" || return 1
    done
}

# --- trees

@test "systemd-boot on two ESPs: the first line of /etc/kernel/cmdline is edited, and refresh is named" {
    zfs_host
    ctl apply --dry-run
    exits 0
    has "Boot loader     proxmox-boot-tool (systemd-boot on ESP $ESP1, $ESP2)"
    ctl apply
    exits 0
    has 'Wrote           /etc/kernel/cmdline' 'to be run on that system: /usr/sbin/proxmox-boot-tool refresh'
    reads /etc/kernel/cmdline "$ROOT_ZFS boot=zfs $TOKENS"$'\n# kept'
    [[ ! -e $ROOT/etc/default/grub.d/passthrough.cfg ]]
    ctl undo
    exits 0
    has 'to be run on that system: /usr/sbin/proxmox-boot-tool refresh'
    reads /etc/kernel/cmdline "$ROOT_ZFS boot=zfs"$'\n# kept'
}

@test "GRUB on two ESPs: the drop-in, not the menu in /boot" {
    grub_on_esps
    ctl apply --dry-run
    has "Boot loader     proxmox-boot-tool (GRUB on ESP $ESP1, $ESP2)"
    ctl apply
    exits 0
    grep -q "$TOKENS" "$ROOT/etc/default/grub.d/passthrough.cfg"
    reads /etc/kernel/cmdline "$ROOT_ZFS boot=zfs"
    reads /boot/grub/grub.cfg stale
}

@test "with Secure Boot GRUB is on the ESPs, beside what systemd-boot has left there" {
    zfs_host
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""'
    local uuid
    for uuid in "$ESP1" "$ESP2"; do
        esp_grub "$uuid" quiet "$KERNEL"
        put "$ESPS/$uuid/EFI/proxmox/grubx64.efi" grub
    done
    ctl apply --dry-run
    has 'GRUB on ESP' 'passthrough.cfg'
    has_not 'Would write     /etc/kernel/cmdline'
}

@test "one of each kind: both places are written" {
    zfs_host
    rm -r "${ROOT:?}$ESPS/$ESP2"
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""'
    esp_grub "$ESP2" quiet "$KERNEL"
    put "$ESPS/$ESP2/EFI/proxmox/grubx64.efi" grub
    ctl apply
    exits 0
    has 'Wrote           /etc/kernel/cmdline' 'Wrote           /etc/default/grub.d/passthrough.cfg'
}

@test "booted by another loader than the one that is on the ESPs: nothing is written" {
    local uuid
    zfs_host
    booted_by 'systemd-boot 252.39'
    ctl apply --dry-run
    exits 0
    booted_by 'GRUB 2.12'
    ctl apply
    exits 1
    has "GRUB 2.12 has booted this host" 'keeps systemd-boot on its ESPs' efibootmgr
    reads /etc/kernel/cmdline "$ROOT_ZFS boot=zfs"$'\n# kept'
    ctl check
    exits 1
    has 'GRUB 2.12 has booted this host'
    # Its own name is what systemd-boot always leaves; GRUB 2.06 leaves none.
    rm "$ROOT${LOADER_INFO:?}"
    put "${LOADER_INFO%/*}/BootOrder-8be4df61-93ca-11d2-aa0d-00e098032b8c" ''
    ctl apply
    exits 1
    has 'a loader that does not name itself has booted this host'
    rm -r "$ROOT${ESPS:?}"
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""'
    for uuid in "$ESP1" "$ESP2"; do
        esp_grub "$uuid" quiet "$KERNEL"
        put "$ESPS/$uuid/EFI/proxmox/grubx64.efi" grub
    done
    ctl apply --dry-run
    exits 0
    booted_by 'GRUB 2.12'
    ctl apply --dry-run
    exits 0
    booted_by 'systemd-boot 252.39'
    ctl apply
    exits 1
    has 'systemd-boot 252.39 has booted this host' 'keeps GRUB on its ESPs'
    booted_by 'rEFInd 0.14'
    ctl apply
    exits 1
    has 'rEFInd 0.14 has booted this host'
}

@test "without the list it is a plain Debian" {
    grub_on_esps
    rm "$ROOT/etc/kernel/proxmox-boot-uuids"
    : >"$ROOT/usr/sbin/update-grub"
    ctl apply --dry-run
    has 'Boot loader     GRUB of Debian'
}

@test "an ESP that is not there: nothing is written, and check, plan and apply name it" {
    zfs_host
    rm -r "${ROOT:?}$ESPS/$ESP2"
    ctl apply
    exits 1
    has "ESP $ESP2 is not there"
    reads /etc/kernel/cmdline "$ROOT_ZFS boot=zfs"$'\n# kept'
    ctl check --json
    exits 1
    is "$(get ".checks[] | select(.id == \"esp.$ESP2\") | .status")" fail "esp.$ESP2"
    ctl plan
    has 'Next: passthroughctl check' "ESP $ESP2 is not there"
}

@test "no root= on the first line, no such file, no UUID, no boot loader, no tool: nothing is written, and what to do is said" {
    zfs_host
    put /etc/kernel/cmdline 'boot=zfs' "$ROOT_ZFS"
    ctl apply
    exits 1
    has '/etc/kernel/cmdline:1: there is no root='
    rm "$ROOT/etc/kernel/cmdline"
    ctl apply
    exits 1
    has 'there is no /etc/kernel/cmdline; write one line to it, with root='
    [[ ! -e $ROOT/etc/kernel/cmdline ]]
    put /etc/kernel/cmdline "$ROOT_ZFS"
    put /etc/kernel/proxmox-boot-uuids "$ESP1" 5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11
    ctl apply
    exits 1
    has 'ESP 5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 is no UUID of a vfat'
    put /etc/kernel/proxmox-boot-uuids "$ESP1"
    rm "$ROOT$ESPS/$ESP1/loader/loader.conf"
    ctl apply
    exits 1
    has "ESP $ESP1 has neither systemd-boot's files nor GRUB's" "proxmox-boot-tool init /dev/disk/by-uuid/$ESP1"
    put /etc/kernel/proxmox-boot-uuids ''
    ctl apply
    exits 1
    has 'lists no ESP'
    rm "$ROOT/usr/sbin/proxmox-boot-tool"
    ctl apply
    exits 1
    has '/usr/sbin/proxmox-boot-tool is not; install proxmox-kernel-helper'
}

# row UUID STATUS TEXT: check says that of it.
row() {
    ctl check --json
    is "$(get "[.checks[] | select(.id == \"esp.$1\") | .status] | unique[]")" "$2" "esp.$1" || return 1
    [[ $(get ".checks[] | select(.id == \"esp.$1\") | .message") == *"$3"* ]] || { echo "$output" && return 1; }
}

@test "an ESP with other files than the host's: check fails, whatever their times and sizes are" {
    local image entry
    zfs_host
    put /etc/kernel/cmdline "$ROOT_ZFS $TOKENS"
    esp_systemd_boot "$ESP1" "$ROOT_ZFS $TOKENS" "$KERNEL"
    esp_systemd_boot "$ESP2" "$ROOT_ZFS $TOKENS" "$KERNEL"
    image=$ROOT$ESPS/$ESP2/EFI/proxmox/$KERNEL/initrd.img-$KERNEL entry=$ROOT$ESPS/$ESP2/loader/entries/proxmox-$KERNEL.conf
    row "$ESP2" pass ''
    printf x | dd of="$image" conv=notrunc status=none
    touch -r "$ROOT/boot/initrd.img-$KERNEL" "$image"
    row "$ESP2" fail "initrd.img-$KERNEL is not what /boot/initrd.img-$KERNEL is now; run proxmox-boot-tool refresh"
    row "$ESP1" pass ''
    rm "$image"
    row "$ESP2" fail 'is not there, and an entry loads it'
    cp -p "$ROOT/boot/initrd.img-$KERNEL" "$image"
    touch "$image"
    row "$ESP2" pass ''
    sed -i 's/ iommu=pt//' "$entry"
    row "$ESP2" fail "proxmox-$KERNEL.conf has no iommu=pt"
    rm "$entry"
    row "$ESP2" fail 'has no boot entry'
    esp_systemd_boot "$ESP2" "$ROOT_ZFS $TOKENS" "$KERNEL"
    rm "$ROOT/boot/initrd.img-$KERNEL"
    row "$ESP2" fail "proxmox-boot-tool kernel remove $KERNEL"
}

@test "the menu on each ESP counts, and of each of them" {
    grub_on_esps
    esp_grub "$ESP1" "$TOKENS" "$KERNEL"
    row "$ESP1" pass ''
    row "$ESP2" fail "ESP $ESP2: /grub/grub.cfg: \"Proxmox VE, Linux $KERNEL\" has no intel_iommu=on"
    rm "$ROOT$ESPS/$ESP2/grub/grub.cfg"
    row "$ESP2" fail 'has no boot entry'
    esp_grub "$ESP2" "$TOKENS" "$KERNEL"
    printf x >>"$ROOT$ESPS/$ESP2/initrd.img-$KERNEL"
    row "$ESP2" fail 'is not what'
}

# --- the running host

@test "live: images first, refresh behind them, and both ESPs have command line and image; undo brings all of it back" {
    zfs_host
    pve_live
    local before
    before=$(esp_state)
    pve apply --no-trial
    exits 0
    has 'Wrote           /etc/kernel/cmdline' 'Boot menu       /usr/sbin/proxmox-boot-tool refresh' 'Boot entries    2, verified'
    [[ $(grep -n 'Boot image \|Boot menu' <<<"$output" | cut -d: -f2 | cut -c3-12 | uniq) == $'Boot image\nBoot menu ' ]]
    both_have
    pve apply --no-trial
    exits 0
    has 'Boot images     nothing to do'
    has_not refresh
    pve check --json
    is "$(get ".checks[] | select(.id == \"esp.$ESP2\") | .status")" pass "esp.$ESP2"
    pve undo
    exits 0
    has 'Boot menu       /usr/sbin/proxmox-boot-tool refresh'
    is "$(esp_state)" "$before" 'what is on the ESPs'
}

@test "live: GRUB on the ESPs, likewise" {
    grub_on_esps
    pve_live
    pve apply --no-trial
    exits 0
    both_have grub/grub.cfg .
    reads /boot/grub/grub.cfg stale
    pve undo
    exits 0
    ! grep -q "$TOKENS" "$ROOT/esp/$ESP1/grub/grub.cfg" "$ROOT/esp/$ESP2/grub/grub.cfg" || return 1
    cmp "$ROOT/boot/initrd.img-$KERNEL" "$ROOT/esp/$ESP2/initrd.img-$KERNEL"
}

@test "live: where only an image is older than the rules it comes to each ESP, of each kernel that is there" {
    zfs_host
    cp -r "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/6.2.16-3-pve"
    kernel_files 6.2.16-3-pve
    put /etc/kernel/proxmox-boot-pin 6.2.16-3-pve
    pve_live
    pve apply --no-trial
    exits 0
    has 'Boot entries    4, verified'
    rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Stage=root
    pve apply --no-trial
    exits 0
    has 'Command line    nothing to do' 'Boot menu       /usr/sbin/proxmox-boot-tool refresh' 'Boot entries    4, verified'
    both_have
    cmp "$ROOT/boot/initrd.img-6.2.16-3-pve" "$ROOT/esp/$ESP2/EFI/proxmox/6.2.16-3-pve/initrd.img-6.2.16-3-pve"
    grep -qx 'default proxmox-6.2.16-3-pve.conf' "$ROOT/esp/$ESP2/loader/loader.conf"
}

@test "live: no trial is made, and why is said" {
    zfs_host
    pve_live
    pve apply
    exits 1
    has 'no trial boot is possible' 'only proxmox-boot-tool writes' 'apply --no-trial'
    reads /etc/kernel/cmdline "$ROOT_ZFS boot=zfs"$'\n# kept'
}

@test "live: an ESP that cannot be mounted, or is not there: nothing is written, and check says it" {
    zfs_host
    pve_live
    rm -r "${ROOT:?}/esp/$ESP2"
    put "/esp/$ESP2" 'no file system'
    pve apply --no-trial
    exits 1
    has "ESP $ESP2 cannot be mounted (Input/output error)" 'fsck.vfat'
    has_not 'Wrote'
    rm "$ROOT/esp/$ESP2"
    pve apply --no-trial
    exits 1
    has "ESP $ESP2 is not there" 'proxmox-boot-tool clean'
    has_not 'Wrote'
    pve check
    exits 1
    has "esp.$ESP2" 'is not there'
}

@test "live: where refresh leaves one of them out, all is taken back, and it is named" {
    zfs_host
    pve_live
    # Of the second it copies the kernels, and no more.
    sed -i "s|^systemd_boot() {|&\n    case \$1 in *$ESP2) return ;; esac|" "$ROOT/usr/sbin/proxmox-boot-tool"
    pve apply --no-trial
    exits 1
    has "ESP $ESP2: /loader/entries/proxmox-$KERNEL.conf has no intel_iommu=on" "ESP $ESP2: /EFI/proxmox/$KERNEL/initrd.img-$KERNEL is not what" \
        'what was written is taken back'
    reads /etc/kernel/cmdline "$ROOT_ZFS boot=zfs"$'\n# kept'
    ! grep -q iommu "$ROOT/esp/$ESP1/loader/entries/proxmox-$KERNEL.conf" || return 1
    cmp "$ROOT/boot/initrd.img-$KERNEL" "$ROOT/esp/$ESP1/EFI/proxmox/$KERNEL/initrd.img-$KERNEL"
}

@test "live: where refresh fails all is taken back; what cannot be brought back yet the next apply begins with" {
    zfs_host
    pve_live
    without_sync
    mv "$ROOT/usr/sbin/proxmox-boot-tool" "$ROOT/usr/sbin/real"
    program /usr/sbin/proxmox-boot-tool 'echo no >&2' 'exit 5'
    pve apply --no-trial
    exits 1
    has 'refresh failed with status 5' 'what was written is taken back'
    reads /etc/kernel/cmdline "$ROOT_ZFS boot=zfs"$'\n# kept'
    mv "$ROOT/usr/sbin/real" "$ROOT/usr/sbin/proxmox-boot-tool"
    pve apply --no-trial
    exits 0
    has 'The last apply was cut short; it is taken back first.'
    both_have
}

@test "live: an ESP that is away at undo keeps the apply until it is mended" {
    zfs_host
    pve_live
    pve apply --no-trial
    exits 0
    mv "$ROOT/esp/$ESP2" "$ROOT/away"
    pve undo
    exits 1
    has "ESP $ESP2 is not there"
    mv "$ROOT/away" "$ROOT/esp/$ESP2"
    pve undo
    exits 0
    ! grep -q iommu "$ROOT/esp/$ESP2/loader/entries/proxmox-$KERNEL.conf"
}

@test "live: an apply that was killed amid refresh is taken back, and gone on with" {
    zfs_host
    pve_live
    local before
    before=$(esp_state)
    without_sync
    # Half of the second ESP's image, and then the power is cut.
    sed -i "s|^    cp --preserve.*|&\n    [ -e /lived ] \|\| case \$2 in *$ESP2*) truncate -s 1000 \"\$2/initrd.img-\$1\"; : >/lived; kill -KILL \$PPID \$\$ ;; esac|" \
        "$ROOT/usr/sbin/proxmox-boot-tool"
    # Of its namespace the first process would not be killed.
    live_run /with-esps /bin/sh -c '/build/passthroughctl apply --no-trial; exit $?'
    is "$status" 137 status
    [[ -e $ROOT/lived ]]
    pve check
    exits 1
    has "esp.$ESP2"
    cp -a "$ROOT/." "$BATS_TEST_TMPDIR/killed"
    pve apply --no-trial
    exits 0
    has 'cut short; it is taken back first'
    both_have
    ROOT=$BATS_TEST_TMPDIR/killed
    pve undo
    exits 0
    is "$(esp_state)" "$before" 'what is on the ESPs'
}

@test "live: without root it is unknown what is on the ESPs, and nothing is ok" {
    zfs_host
    pve_live
    chmod -R go+rX "$ROOT"
    live_run /with-esps /usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups /build/passthroughctl check --all
    has "esp.$ESP2" 'only root can read'
    has_not "esp.$ESP2 *pass"
}

@test "a captured host is judged as the host is, anonymised or not" {
    local option uuid
    zfs_host
    pve_live
    printf x >>"$ROOT/esp/$ESP2/EFI/proxmox/$KERNEL/initrd.img-$KERNEL"
    pve check --json
    local here
    here=$(get '[.checks[] | select(.id | startswith("esp.")) | .status]')
    for option in --raw --; do
        live_run /with-esps /bin/sh -c "/build/passthroughctl capture ${option%%--} /captured >/said 2>&1" || true
        exits 0
        local tree=$BATS_TEST_TMPDIR/captured$option
        mv "$ROOT/captured" "$tree"
        run_program "$BUILD/passthroughctl" --root="$tree" check --json
        is "$(get '[.checks[] | select(.id | startswith("esp.")) | .status]')" "$here" 'rows of the ESPs'
        [[ $output == *'is not what /boot/initrd.img-'* ]]
        run_program "$BUILD/passthroughctl" --root="$tree" apply --dry-run
        [[ $output == *'Boot loader     proxmox-boot-tool (systemd-boot on ESP '* ]]
    done
    [[ $here == *pass*fail* || $here == *fail*fail* ]]
}

@test "live: apply twice, with nobody to ask, changes nothing the second time" {
    zfs_host
    pve_live
    twice pve apply --no-trial
    pve apply --json <&-
    exits 0
    whole '.changed | not'
}
