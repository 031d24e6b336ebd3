# apply and undo: the kernel command line written where the host boots from, and taken back byte for byte.

load product
load tree
load live
load tree-boot

TOKENS='intel_iommu=on iommu=pt'
ID=0123456789abcdef0123456789abcdef
LOADER_INFO=/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
ROOT_UUID=root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11

setup_file() {
    "${CC:-cc}" -shared -fPIC -O1 -o "$BATS_FILE_TMPDIR/kill.so" "$BATS_TEST_DIRNAME/kill.c" -ldl
}

setup() {
    tree_new bare
    put /proc/cmdline "BOOT_IMAGE=/boot/vmlinuz-$KERNEL $ROOT_UUID ro quiet"
    mkdir -p "$ROOT/usr/sbin"
    rule gpu0 '[Match]' ID=10de:1b06
    image_there
}

# --- hosts

# grub_cfg FILE NAME...: a menu with a normal entry and one for recovery, with those tokens in both.
grub_cfg() {
    local file=$1
    shift
    put "$file" '### BEGIN /etc/grub.d/00_header ###' 'set timeout=5' '### END /etc/grub.d/00_header ###' \
        '### BEGIN /etc/grub.d/10_linux ###' "menuentry 'Debian GNU/Linux' --class debian {" \
        "	linux	/boot/vmlinuz-$KERNEL $ROOT_UUID ro $* quiet" "	initrd	/boot/initrd.img-$KERNEL" '}' \
        "menuentry 'Debian GNU/Linux (recovery mode)' {" "	linux	/boot/vmlinuz-$KERNEL $ROOT_UUID ro single $*" '}' \
        '### END /etc/grub.d/10_linux ###' '### BEGIN /etc/grub.d/30_os-prober ###' "menuentry 'Other' {" \
        '	linux /vmlinuz root=/dev/sdb1' '}' '### END /etc/grub.d/30_os-prober ###'
}

debian_grub() {
    : >"$ROOT/usr/sbin/update-grub"
    put /etc/debian_version 12.5
    put /etc/default/grub '# settings' 'GRUB_DEFAULT=0' 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"' 'GRUB_CMDLINE_LINUX=""'
    grub_cfg /boot/grub/grub.cfg
    chmod 600 "$ROOT/boot/grub/grub.cfg"
}

grub2() {
    put /etc/default/grub 'GRUB_TIMEOUT=5' 'GRUB_CMDLINE_LINUX="crashkernel=auto rhgb quiet"' 'GRUB_DISABLE_RECOVERY="true"'
    grub_cfg /boot/grub2/grub.cfg
}

# entry FILE OPTIONS: a boot loader entry of this machine.
entry() {
    put "$1" 'title Linux' "version $KERNEL" "machine-id $ID" "options    $2" "linux /$ID/$KERNEL/linux" "initrd /$ID/$KERNEL/initrd"
}

fedora() {
    put /etc/default/grub 'GRUB_TIMEOUT=5' 'GRUB_CMDLINE_LINUX="rhgb quiet"' GRUB_ENABLE_BLSCFG=true
    put /boot/grub2/grub.cfg '### BEGIN /etc/grub.d/10_linux ###' 'blscfg' '### END /etc/grub.d/10_linux ###'
    put /proc/sys/kernel/osrelease 6.9
    cp -r "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/6.9"
    put /boot/vmlinuz-6.9 kernel
    put /boot/initramfs-6.9.img image
    put "/boot/loader/entries/$ID-6.9.conf" 'title Fedora (6.9)' 'version 6.9' 'linux /vmlinuz-6.9' 'initrd /initramfs-6.9.img' \
        "options $ROOT_UUID ro rhgb quiet" 'grub_class fedora'
    put "/boot/loader/entries/$ID-0-rescue.conf" 'title Fedora (rescue)' 'linux /vmlinuz-0-rescue' "options $ROOT_UUID ro"
    put /etc/kernel/cmdline "$ROOT_UUID ro rhgb quiet"
}

systemd_boot() {
    mkdir -p "$ROOT/sys/firmware/efi"
    loader 'systemd-boot 252.39'
    put "/boot/efi/$ID/$KERNEL/linux" kernel
    put "/boot/efi/$ID/$KERNEL/initrd" image
    entry "/boot/efi/loader/entries/$ID-$KERNEL.conf" "$ROOT_UUID ro quiet systemd.machine_id=$ID"
    entry "/boot/efi/loader/entries/$ID-5.10.conf" "$ROOT_UUID ro"
    put /boot/efi/loader/entries/other.conf 'title Other' 'machine-id ffffffffffffffffffffffffffffffff' 'linux /o/linux' 'options root=/dev/sdz9'
}

# loader NAME: what the firmware says of who booted this host.
loader() {
    mkdir -p "$ROOT${LOADER_INFO%/*}"
    { printf '\6\0\0\0' && printf '%s\0' "$1" | sed 's/./&\x00/g' && printf '\0'; } >"$ROOT$LOADER_INFO"
}

# --- what became of it

# kept: all of the tree, less what undo keeps for itself. A copy of it in $BEFORE.
snapshot() {
    (cd "$ROOT" && find . -path ./var/lib/passthrough -prune -o \( -type d -printf '%p/\n' -o -printf '%p %m ' -type f -exec sha256sum {} \; -o -type l -printf '%p %l\n' \) | LC_ALL=C sort)
}

before() {
    mkdir -p "$ROOT/var/lib"
    BEFORE=$(snapshot)
}

same() {
    diff <(printf '%s\n' "$BEFORE") <(snapshot) || { echo 'the tree is not as it was' && show && return 1; }
}

reads() {
    is "$(<"$ROOT$1")" "$2" "$1"
}

options() {
    is "$(sed -n 's/^options *//p' "$ROOT$1")" "$2" "options of $1"
}

apply() {
    ctl apply "$@"
}

# once: what was applied is all there is to do, and undo leaves the tree as it was.
once() {
    local applied
    applied=$(snapshot)
    apply
    exits 0 || return 1
    has 'nothing to do' || return 1
    diff <(echo "$applied") <(snapshot) || return 1
    is "$(find "$ROOT/var/lib/passthrough/undo" -name manifest | wc -l)" 1 'applies kept' || return 1
    ctl undo
    exits 0 || return 1
    same
}

# --- Debian

@test "Debian: a drop-in that adds to GRUB_CMDLINE_LINUX, and update-grub is named, not run" {
    debian_grub
    before
    apply
    exits 0
    has 'GRUB of Debian (/boot/grub/grub.cfg, made by update-grub)' 'Wrote           /etc/default/grub.d/passthrough.cfg' 'to be run on that system: /usr/sbin/update-grub'
    is "$(tail -n 1 "$ROOT/etc/default/grub.d/passthrough.cfg")" "GRUB_CMDLINE_LINUX=\"\$GRUB_CMDLINE_LINUX $TOKENS\"" 'the drop-in'
    is "$(sh -c ". $ROOT/etc/default/grub && . $ROOT/etc/default/grub.d/passthrough.cfg && echo \$GRUB_CMDLINE_LINUX")" "$TOKENS" 'GRUB_CMDLINE_LINUX'
    once
}

@test "Debian: tokens that the user has set already are not added, nor taken away" {
    debian_grub
    put /etc/default/grub 'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"' "GRUB_CMDLINE_LINUX='iommu=force'"
    put /etc/default/grub.d/10-mine.cfg "GRUB_CMDLINE_LINUX=\"\$GRUB_CMDLINE_LINUX iommu=pt\""
    before
    apply
    exits 0
    has 'intel_iommu=on is in GRUB_CMDLINE_LINUX_DEFAULT already' 'nothing to do'
    same
    put /etc/default/grub.d/20-mine.cfg 'GRUB_CMDLINE_LINUX="a"'
    apply
    exits 0
    is "$(tail -n 1 "$ROOT/etc/default/grub.d/passthrough.cfg")" 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX iommu=pt"' 'the drop-in'
}

@test "Debian: a drop-in that is not ours is left alone" {
    debian_grub
    put /etc/default/grub.d/passthrough.cfg 'GRUB_CMDLINE_LINUX="mine"'
    before
    apply
    exits 1
    has 'rename it'
    same
}

@test "without a rule that needs them the drop-in goes away" {
    debian_grub
    apply
    exits 0
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    apply
    exits 0
    has 'Removed         /etc/default/grub.d/passthrough.cfg'
    [[ ! -e $ROOT/etc/default/grub.d/passthrough.cfg ]]
    ctl undo
    exits 0
    [[ -e $ROOT/etc/default/grub.d/passthrough.cfg ]]
}

# --- Fedora and RHEL

@test "GRUB with boot loader entries: entries, GRUB_CMDLINE_LINUX and kernel-install's command line" {
    fedora
    before
    apply
    exits 0
    has 'GRUB with boot loader entries' 'Boot entries    2, verified'
    options "/boot/loader/entries/$ID-6.9.conf" "$ROOT_UUID ro rhgb quiet $TOKENS"
    options "/boot/loader/entries/$ID-0-rescue.conf" "$ROOT_UUID ro $TOKENS"
    reads /etc/kernel/cmdline "$ROOT_UUID ro rhgb quiet $TOKENS"
    grep -qx "GRUB_CMDLINE_LINUX=\"rhgb quiet $TOKENS\"" "$ROOT/etc/default/grub"
    once
}

@test "entries with \$kernelopts have their tokens in GRUB's environment block, which keeps its size" {
    fedora
    sed -i 's/^options.*/options $kernelopts/' "$ROOT"/boot/loader/entries/*.conf
    printf '# GRUB Environment Block\nsaved_entry=0\nkernelopts=%s ro quiet\nboot_success=1\n' "$ROOT_UUID" >"$ROOT/boot/grub2/grubenv"
    printf '#%.0s' $(seq $((1024 - $(stat -c %s "$ROOT/boot/grub2/grubenv")))) >>"$ROOT/boot/grub2/grubenv"
    before
    apply
    exits 0
    is "$(stat -c %s "$ROOT/boot/grub2/grubenv")" 1024 'size of grubenv'
    grep -qax "kernelopts=$ROOT_UUID ro quiet $TOKENS" "$ROOT/boot/grub2/grubenv"
    grep -qax 'boot_success=1' "$ROOT/boot/grub2/grubenv"
    once
}

@test "GRUB 2 without entries: GRUB_CMDLINE_LINUX in place, and grub2-mkconfig for BIOS" {
    grub2
    before
    apply
    exits 0
    has 'to be run on that system: /usr/sbin/grub2-mkconfig -o /boot/grub2/grub.cfg'
    grep -qx "GRUB_CMDLINE_LINUX=\"crashkernel=auto rhgb quiet $TOKENS\"" "$ROOT/etc/default/grub"
    is "$(sed '/^GRUB_CMDLINE_LINUX=/d' "$ROOT/etc/default/grub" | paste -sd' ')" 'GRUB_TIMEOUT=5 GRUB_DISABLE_RECOVERY="true"' 'the rest'
    ctl undo
    exits 0
    same
}

@test "GRUB 2 on UEFI: the menu on the EFI partition, unless that is a stub" {
    grub2
    mkdir -p "$ROOT/sys/firmware/efi"
    grub_cfg /boot/efi/EFI/centos/grub.cfg
    put /boot/efi/EFI/BOOT/other.cfg x
    apply --dry-run
    has 'to be run on that system: /usr/sbin/grub2-mkconfig -o /boot/efi/EFI/centos/grub.cfg'
    put /boot/efi/EFI/centos/grub.cfg 'search --fs-uuid --set=dev 1234' 'configfile ($dev)/grub2/grub.cfg'
    apply --dry-run
    has 'to be run on that system: /usr/sbin/grub2-mkconfig -o /boot/grub2/grub.cfg'
}

@test "GRUB_CMDLINE_LINUX that goes on on the next line is refused with its place" {
    grub2
    put /etc/default/grub 'GRUB_TIMEOUT=5' 'GRUB_CMDLINE_LINUX="a \' 'b"'
    before
    apply
    exits 1
    says '/etc/default/grub:2: GRUB_CMDLINE_LINUX= does not end on its line'
    same
}

# --- systemd-boot

@test "huge pages that the host has no memory for: nothing is written" {
    debian_grub
    put /proc/meminfo "MemTotal: $((16 * 1048576)) kB"
    put /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages 0
    put /etc/passthrough.conf '[HugePages]' Size=1G Count=16
    before
    apply
    exits 1
    says 'huge pages of 1G .*16.0 GiB asked for; at most 15.0 GiB of the 16.0 GiB of the machine can be huge pages'
    same
    put /etc/passthrough.conf '[HugePages]' Size=1G Count=15
    apply
    exits 0
    grep -q 'hugepagesz=1G hugepages=15' "$ROOT/etc/default/grub.d/passthrough.cfg"
}

@test "systemd-boot: this system's entries, and a command line for new kernels with root= in it" {
    systemd_boot
    put /proc/cmdline "BOOT_IMAGE=/linux initrd=\\\\$ID\\\\initrd $ROOT_UUID ro quiet passthrough=off passthrough.skip=a iommu=pt"
    before
    apply
    exits 0
    has 'systemd-boot 252.39' 'other.conf boots something else' 'Boot entries    2, verified'
    options "/boot/efi/loader/entries/$ID-$KERNEL.conf" "$ROOT_UUID ro quiet systemd.machine_id=$ID $TOKENS"
    options "/boot/efi/loader/entries/$ID-5.10.conf" "$ROOT_UUID ro $TOKENS"
    options /boot/efi/loader/entries/other.conf root=/dev/sdz9
    reads /etc/kernel/cmdline "$ROOT_UUID ro quiet $TOKENS"
    once
}

@test "a comment in kernel-install's command line, which not all programs know, is refused, and undo finds the parameters behind one" {
    systemd_boot
    put /etc/kernel/cmdline '# mine' "$ROOT_UUID ro"
    before
    apply
    exits 1
    has '/etc/kernel/cmdline has a comment, which some programs leave out and others take for parameters; take it out'
    same
    put /etc/kernel/cmdline "$ROOT_UUID ro"
    apply
    exits 0
    sed -i '1i # mine' "$ROOT/etc/kernel/cmdline"
    ctl undo
    exits 0
    reads /etc/kernel/cmdline "# mine"$'\n'"$ROOT_UUID ro"
}

@test "systemd-boot: what is the user's own in one entry stays in the entry without passthrough, each time" {
    systemd_boot
    sed -i 's/quiet/quiet intel_iommu=on/' "$ROOT/boot/efi/loader/entries/$ID-$KERNEL.conf"
    before
    apply
    exits 0
    options /boot/efi/loader/entries/0-passthrough-off.conf "$ROOT_UUID ro quiet intel_iommu=on systemd.machine_id=$ID passthrough=off"
    once
}

@test "systemd-boot: an entry of another editor's, with blanks in front of its keys and CR behind its lines, is this system's" {
    local file
    systemd_boot
    file=/boot/efi/loader/entries/$ID-$KERNEL.conf
    sed -i 's/^/ \t/; s/$/\r/' "$ROOT$file"
    before
    apply
    exits 0
    has_not "$file boots something else"
    grep -q $'^ \toptions  *'"$ROOT_UUID ro quiet systemd.machine_id=$ID $TOKENS"$'\r$' "$ROOT$file"
    once
}

@test "systemd-boot: another system's root= does not become that of new kernels" {
    systemd_boot
    put /proc/cmdline 'root=/dev/sr0 ro'
    before
    apply
    exits 1
    has 'has another root= than the entries'
    same
}

@test "systemd-boot: tokens go in front of what is for init, and those that are there are not doubled" {
    systemd_boot
    entry "/boot/efi/loader/entries/$ID-5.10.conf" "$ROOT_UUID iommu=pt intel_iommu=off -- single"
    before
    apply
    exits 0
    options "/boot/efi/loader/entries/$ID-5.10.conf" "$ROOT_UUID iommu=pt intel_iommu=off intel_iommu=on -- single"
    once
}

@test "tokens that are no longer needed go, those of the user stay" {
    systemd_boot
    entry "/boot/efi/loader/entries/$ID-5.10.conf" "$ROOT_UUID iommu=pt"
    apply
    exits 0
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    apply
    exits 0
    options "/boot/efi/loader/entries/$ID-5.10.conf" "$ROOT_UUID iommu=pt"
    options "/boot/efi/loader/entries/$ID-$KERNEL.conf" "$ROOT_UUID ro quiet systemd.machine_id=$ID"
    reads /etc/kernel/cmdline "$ROOT_UUID ro quiet"
}

@test "undo: a kernel that came since loses the tokens, one that went stays away, an edit by hand is kept" {
    systemd_boot
    apply
    exits 0
    entry "/boot/efi/loader/entries/$ID-6.6.conf" "$ROOT_UUID ro $TOKENS"
    rm "$ROOT/boot/efi/loader/entries/$ID-5.10.conf"
    sed -i 's/quiet/debug/' "$ROOT/boot/efi/loader/entries/$ID-$KERNEL.conf"
    ctl undo
    exits 0
    options "/boot/efi/loader/entries/$ID-6.6.conf" "$ROOT_UUID ro"
    options "/boot/efi/loader/entries/$ID-$KERNEL.conf" "$ROOT_UUID ro debug systemd.machine_id=$ID"
    [[ ! -e $ROOT/boot/efi/loader/entries/$ID-5.10.conf && ! -e $ROOT/etc/kernel/cmdline ]]
}

@test "undo: a GRUB_CMDLINE_LINUX that somebody has taken out since stays away" {
    fedora
    ctl apply
    exits 0
    sed -i /GRUB_CMDLINE_LINUX/d "$ROOT/etc/default/grub"
    before=$(<"$ROOT/etc/default/grub")
    ctl undo
    exits 0
    is "$(<"$ROOT/etc/default/grub")" "$before" /etc/default/grub
}

# --- images, and hosts that cannot be told

@test "bootc and ostree: nothing is written, and what the image needs is named" {
    debian_grub
    : >"$ROOT/run/ostree-booted"
    before
    apply
    exits 1
    has '/usr/lib/bootc/kargs.d/50-passthrough.toml' 'kargs = ["intel_iommu=on", "iommu=pt"]' \
        'rpm-ostree kargs --append-if-missing=intel_iommu=on --append-if-missing=iommu=pt'
    same
    cmdline intel_iommu=on iommu=pt
    before
    apply
    exits 1
    has 'the boot image is not built here' 'rpm-ostree initramfs --enable'
    same
}

@test "a read-only /etc counts as an image" {
    debian_grub
    add_line /proc/self/mountinfo '21 1 8:2 / / ro,relatime - ext4 /dev/sda2 ro'
    apply
    exits 1
    has '/etc is read-only'
    add_line /proc/self/mountinfo '26 21 8:3 / /etc rw,relatime - ext4 /dev/sda3 rw'
    apply
    exits 0
}

@test "what lies in /boot or the ESP while its own file system is not mounted is not what boots: nothing is written" {
    debian_grub
    put /etc/fstab '# /boot was on /dev/sda1' 'UUID=x / ext4 defaults 0 1' 'UUID=y /boot/ ext4 defaults 0 2' 'UUID=z /boot/efi vfat noauto 0 1'
    before
    apply
    exits 1
    has '/boot is not mounted, and /etc/fstab has a file system for it' 'run mount /boot'
    same
    ctl check
    has '/boot is not mounted'
    add_line /proc/self/mountinfo '28 1 8:1 / /boot rw,relatime - ext4 /dev/sda1 rw'
    apply --dry-run
    exits 0
    rm -r "$ROOT/boot/grub"
    sed -i '/ext4 \/dev\/sda1/d' "$ROOT/proc/self/mountinfo"
    apply
    exits 1
    has '/boot is not mounted'
    debian_grub
    # This loader reads nothing on the ESP.
    sed -i '/ext4 \/dev\/sda1/d' "$ROOT/proc/self/mountinfo"
    put /etc/fstab 'UUID=y none ext4 noauto 0 2' '/dev/sda1 /boot/grub2 ext4' '#UUID=y /boot'
    apply
    exits 0
}

@test "undo takes nothing back while the file system of /boot is not mounted, and all of it once it is" {
    debian_grub
    apply
    exits 0
    put /etc/fstab 'UUID=y /boot ext4 defaults 0 2'
    mv "$ROOT/boot/grub" "$BATS_TEST_TMPDIR/grub"
    ctl undo
    exits 1
    has '/boot is not mounted' 'nothing is taken back'
    [[ -e $ROOT/etc/default/grub.d/passthrough.cfg && -e $ROOT/var/lib/passthrough/undo/1/manifest ]]
    mv "$BATS_TEST_TMPDIR/grub" "$ROOT/boot/grub"
    add_line /proc/self/mountinfo '28 1 8:1 / /boot rw,relatime - ext4 /dev/sda1 rw'
    ctl undo
    exits 0
    [[ ! -e $ROOT/etc/default/grub.d/passthrough.cfg && ! -e $ROOT/var/lib/passthrough/undo/1/manifest ]]
}

@test "what is mounted in the tree of another system counts, whatever that system had mounted" {
    [[ $EUID == 0 ]] && unshare -m true 2>/dev/null || skip 'mounts are for root'
    debian_grub
    put /etc/fstab 'UUID=y /boot ext4 defaults 0 2'
    apply --dry-run
    exits 1
    # shellcheck disable=SC2016 # expanded by the inner shell
    run_program unshare -m bash -c 'mount -t tmpfs none /mnt && cp -a "$1/boot/." /mnt && mount --bind /mnt "$1/boot" &&
        exec "$2/passthroughctl" --root="$1" apply --dry-run' bash "$ROOT" "$BUILD"
    exits 0
}

@test "the ESP of systemd-boot that is not mounted: nothing is written where it should be" {
    systemd_boot
    put /etc/fstab 'UUID=z /efi vfat noauto 0 1' 'UUID=z /boot/efi vfat noauto 0 1'
    before
    apply
    exits 1
    has '/boot/efi is not mounted'
    same
    rm "$ROOT/proc/self/mountinfo"
    apply --dry-run
    exits 0
}

@test "unified kernel images: nothing is written, and the addon is named" {
    mkdir -p "$ROOT/boot/efi/EFI/Linux"
    : >"$ROOT/boot/efi/EFI/Linux/debian.efi"
    before
    apply
    exits 1
    has '/boot/efi/EFI/Linux/debian.efi.extra.d/' 'intel_iommu=on iommu=pt'
    same
}

@test "both GRUB and systemd-boot: the firmware's word decides, and without it nothing is written" {
    systemd_boot
    debian_grub
    rm "$ROOT$LOADER_INFO"
    put /boot/efi/loader/loader.conf 'timeout 3'
    before
    apply
    exits 1
    has "GRUB's menu and /boot/efi/loader/loader.conf" LoaderInfo
    same
    loader 'systemd-boot 252.39'
    apply --dry-run
    has 'systemd-boot 252.39'
    loader 'GRUB 2.12'
    apply --dry-run
    has 'GRUB of Debian'
    loader 'rEFInd 0.14'
    before
    apply
    exits 1
    has 'booted by rEFInd 0.14'
    same
}

@test "with BIOS it is GRUB, whatever systemd-boot has left" {
    debian_grub
    put /boot/efi/loader/loader.conf 'timeout 3'
    apply --dry-run
    exits 0
    has 'GRUB of Debian'
    mkdir -p "$ROOT/sys/firmware/efi"
    apply --dry-run
    exits 1
}

@test "two menus that UEFI may read: nothing is written" {
    grub2
    mkdir -p "$ROOT/sys/firmware/efi"
    grub_cfg /boot/efi/EFI/centos/grub.cfg
    grub_cfg /boot/efi/EFI/rocky/grub.cfg
    before
    apply
    exits 1
    has 'more than one menu of GRUB'
    same
}

@test "no boot loader that is known: nothing is written, and it is said what was looked for" {
    before
    apply
    exits 1
    has 'looked for /boot/grub/grub.cfg'
    same
}

# --- the command

@test "--dry-run shows each file and the command, and writes nothing" {
    debian_grub
    before
    apply --dry-run
    exits 0
    has 'Would write     /etc/default/grub.d/passthrough.cfg' "+ GRUB_CMDLINE_LINUX=\"\$GRUB_CMDLINE_LINUX $TOKENS\"" \
        'to be run on that system: /usr/sbin/update-grub'
    same
    [[ ! -e $ROOT/var/lib/passthrough ]]
    fedora
    rm "$ROOT/boot/grub/grub.cfg"
    apply --dry-run
    has "- options $ROOT_UUID ro rhgb quiet" "+ options $ROOT_UUID ro rhgb quiet $TOKENS"
    has_not ' grub_class fedora' '-title'
}

@test "a broken rule stops it" {
    debian_grub
    before
    rule gpu1 '[Match]' IDD=1
    apply
    exits 2
    has 'nothing is written until that is corrected'
    rm "$ROOT/etc/passthrough.d/gpu1.conf"
    same
}

@test "undo: the last, or back to one, and --list names them" {
    fedora
    before
    ctl undo
    exits 0
    has 'Nothing to undo.'
    apply
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    apply
    exits 0
    ctl undo --list
    exits 0
    says '^      2  .*GRUB with boot loader entries'
    says '^      1  '
    ctl undo 3
    exits 2
    ctl undo x
    exits 2
    ctl undo 1
    exits 0
    has_not 'taken late'
    rule gpu0 '[Match]' ID=10de:1b06
    same
}

@test "undo: what was kept and is damaged is told, and nothing is taken back by it" {
    debian_grub
    ctl apply
    exits 0
    local dir=$ROOT/var/lib/passthrough/undo/1 edit
    sed -i 's/^end .*/end/' "$dir/manifest"
    ctl undo --list
    exits 0
    cp -r "$dir" "$BATS_TEST_TMPDIR/kept"
    before
    for edit in 'done s/:.*/:79/' 'done s/^/x/' 'done s/.*//' 'manifest s/ [0-9]\+:[0-9a-f]\+ / nonsense /' 'manifest s| /etc| etc|' \
        'manifest s/ - / + /'; do
        cp "$BATS_TEST_TMPDIR"/kept/* "$dir/"
        sed -i "${edit#* }" "$dir/${edit%% *}"
        ! cmp -s "$BATS_TEST_TMPDIR/kept/${edit%% *}" "$dir/${edit%% *}" || { echo "$edit: changes nothing" && return 1; }
        ctl undo
        [[ $status == 1 && $stderr == *'Bad message'* ]] || { show && echo "$edit" && return 1; }
        same
    done
}

@test "a link is followed, not replaced, and owner and mode stay" {
    fedora
    mkdir -p "$ROOT/srv"
    mv "$ROOT/etc/default/grub" "$ROOT/srv/grub"
    ln -s /srv/grub "$ROOT/etc/default/grub"
    chmod 640 "$ROOT/srv/grub"
    before
    apply
    exits 0
    [[ -L $ROOT/etc/default/grub ]]
    is "$(stat -c %a "$ROOT/srv/grub")" 640 mode
    grep -q intel_iommu=on "$ROOT/srv/grub"
    once
}

@test "without a token to write the boot loader need not be known" {
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    before
    apply
    exits 0
    has 'nothing to do'
    same
}

@test "a token that the shell or GRUB would make something else of is refused" {
    debian_grub
    # shellcheck disable=SC2016 # as it stands
    put /etc/passthrough.conf '[Host]' 'CommandLine=quirk=a$b'
    before
    apply
    [[ $status != 0 ]] || skip 'the settings of the host are not read yet'
    exits 1
    has 'the shell or GRUB would change'
    same
}

# --- COMMAND_LINE_SIZE

# x N: a token of so many characters.
x() {
    printf "x%.0s" $(seq "$1")
}

@test "systemd-boot: an entry whose line the kernel would cut is refused, and told where it is nearly so" {
    systemd_boot
    local file=/boot/efi/loader/entries/$ID-$KERNEL.conf own="initrd=/$ID/$KERNEL/initrd $ROOT_UUID " with=" $TOKENS"
    local room=$((2047 - ${#own} - ${#with}))
    entry "$file" "$ROOT_UUID $(x $((room + 1)))"
    before
    apply
    exits 1
    has "$file: the line has 2048 characters, and the kernel takes 2047" 'nothing is written'
    same
    is "$(find "$ROOT/var/lib/passthrough" -name manifest)" '' 'applies kept'
    apply --dry-run
    exits 1
    has_not 'Would write'
    entry "$file" "$ROOT_UUID $(x "$room")"
    apply
    exits 0
    has "Note: $file: the line has 2047 characters of the 2047"
    entry "$file" "$ROOT_UUID $(x $((room - 128)))"
    apply
    exits 0
    has_not characters
}

@test "boot loader entries: what GRUB puts in front counts, and of another system's line nothing is said" {
    fedora
    local file=/boot/loader/entries/$ID-6.9.conf own="BOOT_IMAGE=(hd0,gpt1)/vmlinuz-6.9 $ROOT_UUID " with=" $TOKENS"
    local room=$((2047 - ${#own} - ${#with}))
    put /boot/loader/entries/other.conf 'title Other' 'machine-id ffffffffffffffffffffffffffffffff' 'linux /o' "options root=/dev/sdz9 $(x 3000)"
    put "$file" 'linux /vmlinuz-6.9' 'initrd /initramfs-6.9.img' "options $ROOT_UUID" "options $(x $((room + 1)))"
    before
    apply
    exits 1
    has "$file: the line has 2048 characters" 'nothing is written'
    has_not other.conf:
    same
    put "$file" 'linux /vmlinuz-6.9' 'initrd /initramfs-6.9.img' "options $ROOT_UUID" "options $(x "$room")"
    apply
    exits 0
    has "Note: $file: the line has 2047 characters"
    has_not other.conf:
}

@test "entries with \$kernelopts are as long as that is" {
    fedora
    local more
    more=$(x 1150)
    sed -i "s/^options.*/options \$kernelopts $more/" "$ROOT/boot/loader/entries/$ID-6.9.conf"
    printf '# GRUB Environment Block\nkernelopts=%s %s\n####################################' "$ROOT_UUID" "$(x 820)" >"$ROOT/boot/grub2/grubenv"
    before
    apply
    exits 1
    has "$ID-6.9.conf: the line has" 'nothing is written'
    same
}

@test "kernel-install's command line counts, and settings of GRUB that alone are too much" {
    fedora
    put /etc/kernel/cmdline "$ROOT_UUID $(x 2000)"
    before
    apply
    exits 1
    has '/etc/kernel/cmdline: the line has' 'nothing is written'
    same
    rm -r "$ROOT"/{boot,etc/kernel,etc/default}
    debian_grub
    put /etc/default/grub "GRUB_CMDLINE_LINUX_DEFAULT=\"$(x 1000)\"" "GRUB_CMDLINE_LINUX=\"$(x 1030)\""
    before
    apply
    exits 1
    has 'GRUB_CMDLINE_LINUX: the line has' 'nothing is written'
    same
    rm -r "$ROOT"/{boot,etc/default,etc/debian_version,usr/sbin/update-grub}
    grub2
    put /etc/default/grub "GRUB_CMDLINE_LINUX=\"$(x 2030)\""
    before
    apply
    exits 1
    has 'GRUB_CMDLINE_LINUX: the line has' 'nothing is written'
    same
}

@test "a line that was too long before is told, and tokens are taken from it" {
    systemd_boot
    local file=/boot/efi/loader/entries/$ID-$KERNEL.conf
    apply
    exits 0
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    entry "$file" "$ROOT_UUID $(x 2100) $TOKENS"
    apply
    exits 0
    has "Note: $file: the line has" 'the last tokens are lost'
    options "$file" "$ROOT_UUID $(x 2100)"
}

@test "a captured machine says the same of where it boots from" {
    systemd_boot
    apply --dry-run
    local here=$output
    ctl capture "$BATS_TEST_TMPDIR/captured" --raw
    exits 0
    ROOT=$BATS_TEST_TMPDIR/captured
    apply --dry-run
    exits 0
    is "$output" "$here" 'the plan'
}

# --- killed at every step

# killed N COMMAND...: at its N-th call that writes.
killed() {
    local at=$1
    shift
    KILL_AT=$at LD_PRELOAD=$BATS_FILE_TMPDIR/kill.so ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0 ctl "$@"
}

calls() {
    KILL_COUNT=$BATS_TEST_TMPDIR/calls LD_PRELOAD=$BATS_FILE_TMPDIR/kill.so ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0 ctl "$@"
    cat "$BATS_TEST_TMPDIR/calls"
}

# whole OLD NEW: each file of the tree is that of one of the two; others are temporary ones.
whole() {
    local file
    while read -r file; do
        [[ $file == *.passthrough~ ]] || cmp -s "$ROOT/$file" "$1/$file" || cmp -s "$ROOT/$file" "$2/$file" ||
            { echo "$file is neither old nor new" && return 1; }
    done < <(cd "$ROOT" && find . -path ./var/lib/passthrough -prune -o -type f -print)
    while read -r file; do
        [[ -e $ROOT/$file ]] || { echo "$file is gone" && return 1; }
    done < <(cd "$1" && find . -path ./var/lib/passthrough -prune -o -type f -print | while read -r f; do [[ ! -e $2/$f ]] || echo "$f"; done)
}

killed_anywhere() {
    local old=$BATS_TEST_TMPDIR/old new=$BATS_TEST_TMPDIR/new n at step=3
    [[ ${KILL_EVERY-} != 1 ]] || step=1
    cp -a "$ROOT" "$old"
    before
    n=$(calls apply)
    ((n > 20)) || { echo "only $n calls" && return 1; }
    cp -a "$ROOT" "$new"
    for ((at = 1; at <= n; at += step)); do
        echo "apply, killed at $at of $n"
        rm -rf "$ROOT" && cp -a "$old" "$ROOT"
        killed "$at" apply
        exits 77 && whole "$old" "$new" || return 1
        if ((at % 2)); then # taken back, or gone on with and then taken back
            ctl apply
            exits 0 && diff -r -x passthrough "$ROOT" "$new" || return 1
        fi
        ctl undo
        exits 0 && same || return 1
    done
    rm -rf "$ROOT" && cp -a "$new" "$ROOT"
    n=$(calls undo)
    for ((at = 1; at <= n; at += step)); do
        echo "undo, killed at $at of $n"
        rm -rf "$ROOT" && cp -a "$new" "$ROOT"
        killed "$at" undo
        exits 77 && whole "$old" "$new" || return 1
        ctl undo
        exits 0 && same || return 1
    done
}

@test "killed at any write, Debian's drop-in and all are old or new, and undo restores them" {
    debian_grub
    killed_anywhere
}

@test "killed at any write, systemd-boot's entries and all are old or new, and undo restores them" {
    systemd_boot
    killed_anywhere
}

# --- with the commands run

# An update-grub that does what Debian's does with the settings, and then what is in $1.
live_debian() {
    debian_grub
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    rm "$ROOT/usr/bin/dracut"
    live_root
    image_tools
    sed -i '/built.log/d' "$ROOT/usr/sbin/dracut" # else undo leaves it
    printf '%s\n' '#!/bin/sh' '. /etc/default/grub' 'for x in /etc/default/grub.d/*.cfg; do [ ! -e "$x" ] || . "$x"; done' \
        'echo "Generating grub configuration file ..."' \
        'sed "/single/s/ ro .*/ ro single $GRUB_CMDLINE_LINUX/; /single/! s/\(UUID=.*\) ro .*/\1 ro $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT/" /boot/grub/grub.cfg >/boot/grub/new && cat /boot/grub/new >/boot/grub/grub.cfg && rm /boot/grub/new' \
        "${1-}" >"$ROOT/usr/sbin/update-grub"
    chmod +x "$ROOT/usr/sbin/update-grub"
    sed -i 's/ ro single .*/ ro single /' "$ROOT/boot/grub/grub.cfg" # as that would make it
    before
}

@test "live: update-grub is run, a line tells of it, and the menu it made is looked at; undo puts it back" {
    live_debian
    live apply --no-trial
    exits 0
    has 'Boot menu       /usr/sbin/update-grub, ' 'Boot entries    2, verified'
    has_not 'Generating grub configuration file'
    is "$(grep -c "UUID=.* ro .*$TOKENS" "$ROOT/boot/grub/grub.cfg")" 2 'entries with the tokens'
    is "$(stat -c %a "$ROOT/boot/grub/grub.cfg")" 600 'mode of the menu'
    live apply --no-trial
    exits 0
    has 'nothing to do'
    live undo
    exits 0
    has_not 'Generating'
    has 'the rules stay' 'their devices are taken late'
    same
}

@test "live: a token that the user has in GRUB_CMDLINE_LINUX_DEFAULT is not looked for in entries for recovery" {
    live_debian
    put /etc/default/grub 'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"'
    live apply --no-trial
    exits 0
    has 'so entries for recovery do not have it' 'Boot entries    2, verified'
    grep -q 'ro single *iommu=pt$' "$ROOT/boot/grub/grub.cfg"
    is "$(grep -o intel_iommu=on "$ROOT/boot/grub/grub.cfg" | wc -l)" 1 'entries with it'
}

@test "live: undo of a menu that was made anew since runs update-grub" {
    live_debian
    live apply --no-trial
    exits 0
    add_line /boot/grub/grub.cfg '# a new kernel'
    live undo
    exits 0
    has 'Boot menu       /usr/sbin/update-grub, '
    ! grep -q iommu "$ROOT/boot/grub/grub.cfg" || return 1
    grep -q '# a new kernel' "$ROOT/boot/grub/grub.cfg"
}

@test "live: where update-grub fails all is put back" {
    live_debian 'exit 3'
    live apply --no-trial
    exits 1
    has 'failed with status 3' 'what was written is taken back'
    same
    is "$(find "$ROOT/var/lib/passthrough/undo" -name manifest)" '' 'applies kept'
}

@test "live: where the menu does not have the tokens in the end all is put back" {
    live_debian
    put /etc/default/grub.d/zz.cfg 'GRUB_CMDLINE_LINUX="quiet"'
    before
    live apply --no-trial
    exits 1
    has "\"Debian GNU/Linux (recovery mode)\" has no iommu=pt" 'what was written is taken back'
    has_not Other
    same
}

@test "live: an apply that was cut short in update-grub is taken back, and gone on with" {
    live_debian '[ ! -e /etc/kill ] || kill -KILL "$PPID"; exit 0'
    put /etc/kill ''
    live_run /usr/bin/bash -c '/build/passthroughctl apply --no-trial; exit $?' # not the first process, which nothing kills
    exits 137
    rm "$ROOT/etc/kill"
    live apply --no-trial --dry-run
    is "$(grep -c 'cut short; it would be taken back first' <<<"$output")" 1 'times it is said'
    live apply --no-trial
    exits 0
    has 'cut short; it is taken back first' 'Boot entries    2, verified'
    live undo
    exits 0
    same
}

@test "live: where a line of the menu is too long in the end all is put back" {
    live_debian
    local own="BOOT_IMAGE=/boot/vmlinuz-$KERNEL $ROOT_UUID ro " with=" $TOKENS single" room
    room=$((2047 - ${#own} - ${#with}))
    put /etc/default/grub 'GRUB_CMDLINE_LINUX_DEFAULT="silent"' "GRUB_CMDLINE_LINUX=\"$(x $((room + 1)))\""
    before
    live apply --no-trial
    exits 1
    has 'grub.cfg: "Debian GNU/Linux": the line has 2048 characters, and the kernel takes 2047' 'what was written is taken back'
    has_not Other
    same
    put /etc/default/grub 'GRUB_CMDLINE_LINUX_DEFAULT="silent"' "GRUB_CMDLINE_LINUX=\"$(x "$room")\""
    live apply --no-trial
    exits 0
    has 'Note: /boot/grub/grub.cfg: "Debian GNU/Linux": the line has 2047 characters of the 2047' 'Boot entries    2, verified'
}

@test "virtual functions that are not there yet are handed over, too, but those that the host keeps" {
    load sriov
    debian_grub
    pci_root 0000:00
    nic_with_functions
    rule gpu0 '[Match]' Path=00:04.0/00.0 '[SR-IOV]' VirtualFunctions=4 '[VirtualFunction]' Index=3 Driver=native
    ctl apply --dry-run
    says '^  Hands over +gpu0: 3 virtual functions of .* at 04:00\.0$'
    rule gpu0 '[Match]' Path=00:04.0/00.0 '[SR-IOV]' VirtualFunctions=9
    ctl apply --dry-run
    says '^  Hands over +gpu0: nothing, it is refused'
}
