# Hosts whose boot image, image maker or boot loader is not found, or not served: apply and check fail, say what can be done by hand,
# and nothing is written.

load product
load tree
load live
load tree-boot

LOADER_INFO=/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
ARCH=6.17.1-arch1-1
ROOT_UUID=root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11
TOKENS='intel_iommu=on iommu=pt'
ID=0123456789abcdef0123456789abcdef

setup() {
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    put /proc/cmdline "$ROOT_UUID rw quiet"
    mkdir -p "$ROOT/var/lib"
    rule gpu0 '[Match]' ID=10de:1b06
}

# --- hosts

# runs RELEASE: the kernel that runs, and no other is installed.
runs() {
    put /proc/sys/kernel/osrelease "$1"
    [[ -d $ROOT/lib/modules/$1 ]] || mv "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/$1"
}

# efi [NAME]: what the firmware says of who booted this host.
efi() {
    mkdir -p "$ROOT${LOADER_INFO%/*}"
    [[ ! ${1-} ]] || { printf '\6\0\0\0' && printf '%s\0' "$1" | sed 's/./&\x00/g' && printf '\0'; } >"$ROOT$LOADER_INFO"
}

# bzimage FILE RELEASE: a kernel of x86, as far as its setup header tells of it (Documentation/arch/x86/boot.rst).
bzimage() {
    mkdir -p "$ROOT${1%/*}"
    { head -c 514 /dev/zero && printf 'HdrS\17\2' && head -c 6 /dev/zero && printf '\0\20' && head -c 4080 /dev/zero && printf '%s (root@host) #1 SMP\0' "$2"; } >"$ROOT$1"
}

arch() {
    runs $ARCH
    efi 'systemd-boot 258.1-1-arch'
    put /usr/lib/os-release ID=arch
    put "/lib/modules/$ARCH/pkgbase" linux
    put /boot/vmlinuz-linux kernel
    put /boot/initramfs-linux.img image
    put /boot/initramfs-linux-fallback.img image
    put /boot/intel-ucode.img microcode
    put /boot/loader/loader.conf 'timeout 3'
    put /boot/loader/entries/arch.conf 'title Arch Linux' 'linux /vmlinuz-linux' 'initrd /intel-ucode.img' 'initrd /initramfs-linux.img' \
        "options $ROOT_UUID rw quiet"
    put /boot/loader/entries/arch-fallback.conf 'title Arch Linux (fallback)' 'linux /vmlinuz-linux' 'initrd /initramfs-linux-fallback.img' \
        "options $ROOT_UUID rw"
}

mkinitcpio() {
    put /usr/bin/mkinitcpio '#!/bin/bash'
    put /usr/lib/kernel/install.d/50-mkinitcpio.install '#!/bin/bash'
}

bazzite() {
    local entry=/ostree/default-1f2e
    runs 6.17.7-ba25.fc43.x86_64
    efi
    mkdir -p "$ROOT/sysroot/ostree" "$ROOT/usr/bin"
    : >"$ROOT/run/ostree-booted"
    put /usr/bin/rpm-ostree ''
    dracut_there
    put /boot/ostree/default-1f2e/vmlinuz-6.17.7-ba25.fc43.x86_64 kernel
    put /boot/ostree/default-1f2e/initramfs-6.17.7-ba25.fc43.x86_64.img image
    put /boot/loader/entries/ostree-1.conf 'title Bazzite' 'version 1' "options $ROOT_UUID rw" \
        "linux $entry/vmlinuz-6.17.7-ba25.fc43.x86_64" "initrd $entry/initramfs-6.17.7-ba25.fc43.x86_64.img"
}

tumbleweed() {
    local release=6.17.5-1-default dir=/opensuse-tumbleweed/6.17.5-1-default
    runs $release
    efi 'systemd-boot 258.1+suse.15'
    put /etc/kernel/entry-token opensuse-tumbleweed
    put /etc/kernel/cmdline "$ROOT_UUID splash=silent"
    put /usr/bin/sdbootutil '#!/bin/bash'
    dracut_there
    put "/boot/efi$dir/linux-0a1b2c3d4e5f60718293a4b5c6d7e8f901234567" kernel
    put "/boot/efi$dir/initrd-f901234567a1b2c3d4e5f60718293a4b5c6d7e80" image
    put "/boot/efi/loader/entries/opensuse-tumbleweed-$release-42.conf" 'title openSUSE Tumbleweed' "version 42@$release" 'sort-key opensuse-tumbleweed' \
        "options $ROOT_UUID splash=silent" "linux $dir/linux-0a1b2c3d4e5f60718293a4b5c6d7e8f901234567" \
        "initrd $dir/initrd-f901234567a1b2c3d4e5f60718293a4b5c6d7e80"
}

limine() {
    arch
    mkinitcpio
    rm -r "$ROOT/boot/loader" "$ROOT$LOADER_INFO"
    put /boot/limine.conf 'timeout: 3' '/Arch Linux' '    protocol: linux' '    kernel_path: boot():/vmlinuz-linux' "    cmdline: $ROOT_UUID rw" \
        '    module_path: boot():/initramfs-linux.img'
    put /etc/default/limine "KERNEL_CMDLINE[default]=\"$ROOT_UUID rw\""
}

refind() {
    arch
    mkinitcpio
    rm -r "$ROOT/boot/loader"
    efi 'rEFInd 0.14.2'
    put /boot/refind_linux.conf "\"Boot with standard options\" \"$ROOT_UUID rw\""
    put /boot/efi/EFI/refind/refind.conf 'timeout 20'
}

zfsbootmenu() {
    runs "$KERNEL"
    efi
    put /proc/cmdline "root=zfs:zroot/ROOT/void rw"
    put /etc/zfsbootmenu/config.yaml Global:
    put /boot/efi/EFI/zbm/vmlinuz.EFI zbm
    image_there
}

unraid() {
    runs 6.12.54-Unraid
    put /proc/cmdline 'BOOT_IMAGE=/bzimage initrd=/bzroot'
    put /etc/unraid-version 'version="7.2.0"'
    put /boot/bzimage kernel
    put /boot/bzroot image
    put /boot/config/go '#!/bin/bash'
    put /boot/syslinux/syslinux.cfg 'default menu.c32' 'label Unraid OS' '  kernel /bzimage' '  append initrd=/bzroot'
}

# --- what became of it

# tree: all of it but what the lock of apply is in.
tree() {
    (cd "$ROOT" && find . -path ./var/lib/passthrough -prune -o \( -type d -printf '%p/\n' -o -printf '%p %m ' -type f -exec sha256sum {} \; -o -type l -printf '%p %l\n' \) | LC_ALL=C sort)
}

# ours: what applies have kept.
ours() { find "$ROOT/var/lib/passthrough" -type f ! -name '*lock*' -exec sha256sum {} + 2>/dev/null | LC_ALL=C sort; }

# refuses TEXT...: apply, its dry run and its document fail, say that, and nothing is written; check fails, too.
refuses() {
    local before kept run
    before=$(tree)
    kept=$(ours)
    for run in '' --dry-run --json '--json --dry-run'; do
        # shellcheck disable=SC2086 # words
        ctl apply $run
        [[ $status == 1 ]] || { show && echo "apply $run" && return 1; }
        has "$@" && has_not 'nothing to do' || return 1
        [[ $run == *json* ]] || has "  Parameters      $TOKENS" '  Boot image      built by: ' || return 1
        [[ $run != *json* ]] || whole '.tokens == ["intel_iommu=on", "iommu=pt"] and .files == [] and .images == [] and .changed == false and .written == false
            and (.message | contains("the boot image is built by: "))' || return 1
        diff <(echo "$before") <(tree) || { echo "apply $run wrote" && return 1; }
    done
    is "$(ours)" "$kept" 'what apply keeps for itself' || return 1
    ctl check
    exits 1 || return 1
}

# lost [TEXT]: check's row of the running kernel's image fails, and plan does not say that the image has the rules.
lost() {
    ctl check --json
    whole "[.checks[] | select(.id == \"image.$(<"$ROOT/proc/sys/kernel/osrelease")\" and .status == \"fail\")] | length == 1" || return 1
    ctl plan
    has_not 'Every boot image has it' 'Next: passthroughctl reboot' 'sudo reboot'
}

# --- hosts that are not served

@test "Arch with mkinitcpio: what is there is named, and what to install and run" {
    arch
    mkinitcpio
    refuses 'boot images are not built: /usr/bin/mkinitcpio makes the boot images, and dracut is not there' 'install dracut' \
        "dracut --force --kver $ARCH /boot/initramfs-linux.img"
    ctl check --json
    is "$(get '.checks[] | select(.id == "image.tool").status')" fail 'the tool'
}

@test "Bazzite: the image is another machine's to build, or rpm-ostree's" {
    bazzite
    refuses "the image needs /usr/lib/bootc/kargs.d/50-passthrough.toml" 'rpm-ostree kargs --append-if-missing=intel_iommu=on' \
        'bootc loader-entries set-options-for-source --source passthrough --options "intel_iommu=on iommu=pt"' \
        'rpm-ostree initramfs --enable' 'rpm-ostree initramfs-etc --track=/etc/passthrough.d'
    lost
    put /proc/cmdline "$ROOT_UUID rw $TOKENS"
    refuses 'the boot image is not built here' 'rpm-ostree initramfs --enable'
    lost
}

@test "where others build the image, a boot that has the rules is its witness" {
    bazzite
    put /proc/cmdline "$ROOT_UUID rw $TOKENS"
    booted_so
    ctl apply
    exits 0
    has 'Boot images     nothing to do'
    rule gpu0 '[Match]' ID=10de:1b07
    refuses 'the boot image is not built here'
}

@test "where the next boot is unknown, a boot that has the rules makes no failure of it, and apply fails all the same" {
    unraid
    put /proc/cmdline "BOOT_IMAGE=/bzimage initrd=/bzroot $TOKENS"
    booted_so
    ctl check --json
    whole '.checks[] | select(.id == "image.6.12.54-Unraid") | .status == "skip" and (.message | startswith("this boot has the rules; whether the next one has, is unknown: "))'
    ctl apply
    exits 1
}

@test "openSUSE Tumbleweed: sdbootutil writes the entries and builds the images" {
    tumbleweed
    refuses "the boot entries are sdbootutil's (/usr/bin/sdbootutil)" '/etc/kernel/cmdline, then sdbootutil update-all-entries' 'sdbootutil mkinitrd'
    lost
}

@test "entries whose images nobody can tell are not found, with sdbootutil or without" {
    tumbleweed
    rm "$ROOT/usr/bin/sdbootutil"
    refuses 'no boot entry was found that loads the running kernel (6.17.5-1-default)'
    lost
}

@test "Limine" {
    limine
    refuses 'boots with Limine (/boot/limine.conf)' 'KERNEL_CMDLINE[default] in /etc/default/limine, then limine-update' "dracut --force --kver $ARCH FILE"
    lost
}

@test "rEFInd" {
    refind
    refuses 'booted by rEFInd 0.14.2' 'each line of /boot/refind_linux.conf' "dracut --force --kver $ARCH FILE"
    rm "$ROOT$LOADER_INFO"
    refuses 'boots with rEFInd (/boot/refind_linux.conf)'
    lost
}

@test "ZFSBootMenu" {
    zfsbootmenu
    refuses 'boots with ZFSBootMenu (/etc/zfsbootmenu/config.yaml)' 'zbm-kcl -a PARAMETER' "dracut --force --kver $KERNEL /boot/initrd.img-$KERNEL"
    lost
}

@test "Unraid" {
    unraid
    refuses 'boots with Unraid (/etc/unraid-version)' 'each append line of /boot/syslinux/syslinux.cfg' '/boot/config/vfio-pci.cfg'
    lost
}

@test "beside a loader that is known it counts as well, unless the firmware says which one booted the host" {
    limine
    arch
    rm "$ROOT$LOADER_INFO"
    dracut_there
    refuses 'there are both ' '/boot/limine.conf, of Limine'
    efi 'systemd-boot 258.1'
    ctl apply --dry-run
    exits 0
}

# --- Arch with dracut, which is served

# arch_live: dracut makes its images, and programs run there.
arch_live() {
    mkdir -p "$ROOT/usr/sbin"
    arch
    image_tools
    mkdir -p "$BATS_TEST_TMPDIR/empty"
    tar -C "$BATS_TEST_TMPDIR/empty" --mtime=@0 -cf "$ROOT/boot/initramfs-linux.img" .
    program /usr/sbin/bootctl 'echo "$*" >>/var/lib/bootctl.log'
    live_root
}

@test "Arch with dracut: the image that the entry loads is built and verified, the one for emergencies and the microcode stay; undo" {
    arch_live
    local before
    before=$(sha256sum "$ROOT"/boot/*.img)
    live apply --no-trial
    exits 0
    has "Boot image      $ARCH, built in " verified
    is "$(<"$ROOT/var/lib/built.log" sed 's,/\.,/,; s,\.passthrough~,,')" "$ARCH /boot/initramfs-linux.img" 'what was built'
    tar -tf "$ROOT/boot/initramfs-linux.img" | grep -qx ./etc/passthrough.d/gpu0.conf
    is "$(sha256sum "$ROOT"/boot/*fallback* "$ROOT"/boot/intel*)" "$(grep -v linux.img <<<"$before")" 'the others'
    grep -q "^options .* $TOKENS" "$ROOT/boot/loader/entries/arch.conf"
    live check --json
    is "$(get ".checks[] | select(.id == \"image.$ARCH\").status")" pass 'the image'
    live apply --no-trial
    exits 0
    has 'Boot images     nothing to do'
    live undo
    exits 0
    is "$(sha256sum "$ROOT"/boot/*.img)" "$before" 'images after undo'
}

@test "Arch with dracut: a trial is a copy of that entry, with its image" {
    arch_live
    live apply
    exits 0
    grep -qx 'initrd /initramfs-linux.img.passthrough-trial' "$ROOT/boot/loader/entries/0-passthrough-trial.conf"
    grep -qx 'initrd /intel-ucode.img' "$ROOT/boot/loader/entries/0-passthrough-trial.conf"
    [[ -s $ROOT/boot/initramfs-linux.img.passthrough-trial ]]
}

# served RELEASE: apply would build that release's image.
served() {
    ctl apply --dry-run
    exits 0 && has "to be run on that system: dracut --force --kver $1 /boot/initramfs-linux.img" && has_not fallback.img
}

@test "which kernel an entry without a version loads: its file says, else Arch's pkgbase, else nobody" {
    arch
    dracut_there
    served $ARCH
    cp -r "$ROOT/lib/modules/$ARCH" "$ROOT/lib/modules/6.12.1-1-lts"
    put /lib/modules/6.12.1-1-lts/pkgbase linux-lts
    served $ARCH
    put /lib/modules/6.12.1-1-lts/pkgbase linux
    refuses "no boot entry was found that loads the running kernel ($ARCH)"
    bzimage /boot/vmlinuz-linux $ARCH
    served $ARCH
    rm "$ROOT"/lib/modules/*/pkgbase
    served $ARCH
    bzimage /boot/vmlinuz-linux 6.12.1-1-lts
    refuses "no boot entry was found that loads the running kernel ($ARCH)"
    truncate -s 600 "$ROOT/boot/vmlinuz-linux"
    refuses "no boot entry was found that loads the running kernel ($ARCH)"
}

@test "a capture of it says the same, and has no kernel in it" {
    arch
    dracut_there
    bzimage /boot/vmlinuz-linux $ARCH
    rm "$ROOT"/lib/modules/*/pkgbase
    ctl capture "$BATS_TEST_TMPDIR/captured"
    exits 0
    is "$(<"$BATS_TEST_TMPDIR/captured/boot/vmlinuz-linux")" "Linux version $ARCH" 'the kernel of the capture'
    ROOT=$BATS_TEST_TMPDIR/captured
    served $ARCH
}

@test "an entry that loads microcode alone, an image that is gone, or none" {
    arch
    dracut_there
    sed -i '/initramfs-linux/d' "$ROOT/boot/loader/entries/arch.conf"
    refuses '/boot/loader/entries/arch.conf loads /intel-ucode.img, and nothing with the name of a boot image'
    sed -i '/^initrd/d' "$ROOT/boot/loader/entries/arch.conf"
    refuses "/boot/loader/entries/arch.conf loads no boot image for the running kernel ($ARCH)"
    echo 'initrd /initramfs-other.img' >>"$ROOT/boot/loader/entries/arch.conf"
    refuses '/boot/loader/entries/arch.conf loads /initramfs-other.img, and that was not found'
}

@test "a kernel that was updated since, and is not installed any more: reboot first" {
    arch
    dracut_there
    put /proc/sys/kernel/osrelease 6.16.9-arch1-1
    refuses 'the running kernel (6.16.9-arch1-1) is not installed any more' 'reboot first'
}

# --- GRUB

@test "GRUB: the menu says what the kernel loads, below /boot or as a file system of its own" {
    image_there
    menu_there
    ctl apply --dry-run
    exits 0
    put /boot/initrd.img-other image
    local path
    for path in /boot/initrd.img-other '"/BOOT/ubuntu_abc@/initrd.img-other"' /initrd.img-other /@/boot/initrd.img-other '($root)/initrd.img-other'; do
        sed -i "s,initrd\t.*,initrd\t/boot/intel-ucode.img $path," "$ROOT/boot/grub/grub.cfg"
        ctl apply --dry-run
        exits 0
        has "dracut --force --kver $KERNEL /boot/initrd.img-other" || { echo "$path" && return 1; }
    done
    sed -i "s,linux\t[^ ]*,linux\t\"/BOOT/ubuntu_abc@/vmlinuz-$KERNEL\"," "$ROOT/boot/grub/grub.cfg"
    ctl apply --dry-run
    exits 0
    sed -i "s,initrd\t.*,initrd\t/boot/initrd.img-gone," "$ROOT/boot/grub/grub.cfg"
    refuses '/boot/grub/grub.cfg: "Debian GNU/Linux" loads /boot/initrd.img-gone, and that was not found'
    sed -i '/initrd/d' "$ROOT/boot/grub/grub.cfg"
    refuses '/boot/grub/grub.cfg: "Debian GNU/Linux" loads no boot image for the running kernel'
    sed -i '/linux\t/d' "$ROOT/boot/grub/grub.cfg"
    refuses 'no boot entry was found that loads the running kernel'
}

# beside FILE...: what GRUB's entry loads.
beside() {
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""'
    sed -i "s,initrd\t.*,initrd\t$*," "$ROOT/boot/grub/grub.cfg"
    put /boot/initrd-keys.img keys
    put /boot/initrd-acpi.img acpi
    put "/boot/custom-$KERNEL.img" custom
}

@test "of several files that an entry loads one is the image: keys, ACPI tables and the like are not written" {
    image_there
    menu_there
    local own=/boot/initrd.img-$KERNEL some
    for some in "/boot/initrd-keys.img $own" "$own /boot/initrd-keys.img /boot/initrd-acpi.img" "/boot/custom-$KERNEL.img $own"; do
        beside "$some"
        ctl apply --dry-run
        exits 0 && has "$own: " && has_not initrd-keys initrd-acpi custom || { echo "$some" && return 1; }
    done
    for some in '/boot/initrd-keys.img /boot/initrd-acpi.img' "/boot/initrd-keys.img /boot/custom-$KERNEL.img" "$own /boot/initramfs-$KERNEL.img"; do
        beside "$some"
        refuses "loads ${some/ / and }, and which of them is the boot image is unknown"
    done
}

@test "what one entry loads beside its image is the image of no other entry" {
    image_there
    menu_there
    beside "/boot/initrd-keys.img /boot/initrd.img-$KERNEL"
    cp -r "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/5.10.1"
    put /boot/vmlinuz-5.10.1 kernel
    printf '%s\n' "menuentry 'old' {" $'\tlinux\t/boot/vmlinuz-5.10.1 root=x' $'\tinitrd\t/boot/initrd-keys.img' '}' >>"$ROOT/boot/grub/grub.cfg"
    ctl apply --dry-run
    exits 0
    has "/boot/initrd.img-$KERNEL: "
    has_not "image      /boot/initrd-keys"
}

# --- the kernel that boots next

# grub_entry TITLE RELEASE IMAGE: one more in GRUB's menu; its kernel is there, the image is not.
grub_entry() {
    put "/boot/vmlinuz-$2" kernel
    printf '%s\n' "menuentry '$1' --class os \$menuentry_id_option 'gnulinux-$2' {" "	linux	/boot/vmlinuz-$2 root=x" "	initrd	$3" '}'
}

# Of two kernels GRUB lists the one that does not run first. is_next GRUB_DEFAULT...: these settings.
two_kernels() {
    image_there
    menu_there
    mkdir -p "$ROOT/lib/modules/6.12.1"
    put /boot/custom-6.12.1.img image
    {
        grub_entry new 6.12.1 /boot/custom-6.12.1.img
        echo "submenu 'Advanced' {"
        sed "s/'Debian GNU.Linux'/'old' \$menuentry_id_option 'gnulinux-old'/" "$ROOT/boot/grub/grub.cfg"
        grub_entry new 6.12.1 /boot/custom-6.12.1.img
        echo '}'
    } >"$BATS_TEST_TMPDIR/menu" && mv "$BATS_TEST_TMPDIR/menu" "$ROOT/boot/grub/grub.cfg"
}

is_next() { put /etc/default/grub 'GRUB_CMDLINE_LINUX=""' "$@"; }

@test "GRUB: the first entry boots next, or the one that GRUB_DEFAULT names: its image is found, or nothing is written" {
    two_kernels
    local next new='"new" loads /boot/custom-6.12.1.img, and nothing with the name of a boot image (initrd, initramfs); that entry boots next'
    for next in '' GRUB_DEFAULT=0 'GRUB_DEFAULT="1>1"' GRUB_DEFAULT=new GRUB_DEFAULT=gnulinux-6.12.1; do
        is_next $next
        refuses "$new" || { echo "$next" && return 1; }
    done
    ctl check
    exits 1
    has "$new"
    for next in GRUB_DEFAULT="'1>0'" 'GRUB_DEFAULT="Advanced>old"' GRUB_DEFAULT=gnulinux-old; do
        is_next "$next"
        ctl apply --dry-run
        exits 0 && has 'Note: /boot/grub/grub.cfg: "new" loads /boot/custom-6.12.1.img' && has_not 'build one with' || { echo "$next" && return 1; }
    done
    # shellcheck disable=SC2016 # as it stands there
    for next in GRUB_DEFAULT=saved GRUB_DEFAULT=gone 'GRUB_DEFAULT="$CHOSEN"'; do
        is_next "$next"
        refuses 'that entry may boot next' || { echo "$next" && return 1; }
    done
}

@test "a kernel that boots next and has no modules, no image, or another kernel's by a link" {
    two_kernels
    rmdir "$ROOT/lib/modules/6.12.1"
    refuses '"new" loads /boot/vmlinuz-6.12.1, and no kernel of /lib/modules is known to be that; that entry boots next'
    mkdir "$ROOT/lib/modules/6.12.1"
    sed -i '/custom/d' "$ROOT/boot/grub/grub.cfg"
    refuses '"new" loads no boot image for kernel 6.12.1; that entry boots next'
    sed -i 's,vmlinuz-6.12.1 .*,&\n\tinitrd\t/boot/initrd.img,' "$ROOT/boot/grub/grub.cfg"
    ln -s "initrd.img-$KERNEL" "$ROOT/boot/initrd.img"
    refuses "\"new\" loads /boot/initrd.img, which leads to another kernel's boot image; that entry boots next"
    ctl check --json
    is "$(get '.checks[] | select(.id == "image.6.12.1") | .status')" fail 'its image'
    is "$(get ".checks[] | select(.id == \"image.$KERNEL\") | .status")" pass 'the image of the running kernel'
    ln -sf custom-6.12.1.img "$ROOT/boot/initrd.img"
    ctl apply --dry-run
    exits 0
    rm "$ROOT/boot/vmlinuz-6.12.1"
    refuses '"new" loads /boot/vmlinuz-6.12.1, and that was not found; that entry boots next'
}

@test "an entry of others that boots next gets no rules" {
    image_there
    menu_there
    { echo '### BEGIN /etc/grub.d/10_linux ###' && cat "$ROOT/boot/grub/grub.cfg" && echo '### BEGIN /etc/grub.d/40_custom ###' && grub_entry mine "$KERNEL" /boot/mine.img; } >"$ROOT/menu"
    mv "$ROOT/menu" "$ROOT/boot/grub/grub.cfg"
    is_next
    ctl apply --dry-run
    exits 0
    is_next GRUB_DEFAULT=mine
    refuses '/boot/grub/grub.cfg: "mine" boots next, and gets no rules'
    # Whoever boots another system first chooses ours by hand.
    sed -i '/40_custom/,$d' "$ROOT/boot/grub/grub.cfg"
    printf '%s\n' '### BEGIN /etc/grub.d/30_os-prober ###' "menuentry 'Windows' {" '	chainloader /bootmgfw.efi' '}' >>"$ROOT/boot/grub/grub.cfg"
    is_next GRUB_DEFAULT=Windows
    ctl apply --dry-run
    exits 0
}

@test "boot loader entries: the newest boots next, or the default one" {
    local entries=/boot/loader/entries saved=/boot/grub2/grubenv
    arch
    dracut_there
    mkdir "$ROOT/lib/modules/6.18.1"
    put $entries/lab-6.18.1.conf 'version 6.18.1' 'sort-key arch' 'linux /vmlinuz-new' 'initrd /custom.img' "options $ROOT_UUID rw"
    refuses 'lab-6.18.1.conf loads /custom.img' 'that entry boots next'
    put /boot/loader/loader.conf 'default arch*'
    served $ARCH
    put /boot/loader/loader.conf 'default arch-fallback.conf'
    refuses 'arch-fallback.conf loads /initramfs-linux-fallback.img, which is for emergencies'
    put /boot/loader/loader.conf 'default @saved'
    refuses 'that entry may boot next'
    rm -rf "$ROOT" && setup
    fedora_host
    mkdir "$ROOT/lib/modules/6.18.1"
    put "$entries/$ID-6.18.1.conf" 'version 6.18.1' 'linux /vmlinuz-6.18.1' 'initrd /initramfs-6.18.1.img' "options $ROOT_UUID rw"
    refuses "$ID-6.18.1.conf loads /initramfs-6.18.1.img, and that was not found; that entry boots next"
    put "$entries/$ID-0-rescue.conf" 'title Rescue' 'linux /vmlinuz-0-rescue' 'initrd /initramfs-0-rescue.img' "options $ROOT_UUID rw"
    put "$entries/other.conf" 'title Other' 'machine-id ffffffffffffffffffffffffffffffff' 'linux /o' 'options root=/dev/sdz9'
    refuses "$ID-6.18.1.conf" 'that entry may boot next'
    rm "$ROOT$entries/other.conf"
    put /etc/default/grub GRUB_DEFAULT=saved 'GRUB_CMDLINE_LINUX=""' GRUB_ENABLE_BLSCFG=true
    refuses 'that entry may boot next'
    put $saved '# GRUB Environment Block' "saved_entry=$ID-$KERNEL"
    ctl apply --dry-run
    exits 0
    put $saved '# GRUB Environment Block' 'saved_entry='
    refuses 'that entry boots next'
}

# --- whatever it is that is missing

# PARTS has what one of the hosts that are served needs so that the rules get into the image that boots.
debian_host() {
    image_there
    menu_there
    PARTS=(/boot/grub /boot/grub/grub.cfg "/boot/initrd.img-$KERNEL" "/boot/vmlinuz-$KERNEL" /boot /usr/bin/dracut /usr/lib/dracut /lib/modules)
}

fedora_host() {
    image_there
    efi
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""' GRUB_ENABLE_BLSCFG=true
    put /boot/grub2/grub.cfg blscfg
    put "/boot/initramfs-$KERNEL.img" image
    rm "$ROOT/boot/initrd.img-$KERNEL"
    put "/boot/loader/entries/$ID-$KERNEL.conf" 'title Fedora' "version $KERNEL" "linux /vmlinuz-$KERNEL" "initrd /initramfs-$KERNEL.img" "options $ROOT_UUID rw"
    put /etc/kernel/cmdline "$ROOT_UUID rw"
    PARTS=(/boot/grub2/grub.cfg /boot/loader "/boot/loader/entries/$ID-$KERNEL.conf" "/boot/initramfs-$KERNEL.img" "/boot/vmlinuz-$KERNEL" /boot
        /usr/bin/dracut /usr/lib/dracut/modules.d "/lib/modules/$KERNEL")
}

arch_host() {
    arch
    dracut_there
    PARTS=(/boot/loader /boot/loader/entries/arch.conf /boot/initramfs-linux.img /boot/vmlinuz-linux "/lib/modules/$ARCH/pkgbase" "/lib/modules/$ARCH" /boot
        /usr/bin/dracut /usr/lib/dracut)
}

# nothing_without LINE: on the host with that command line, each part in turn is taken away.
nothing_without() {
    local host=$1 part whole=$BATS_TEST_TMPDIR/whole
    put /proc/cmdline "$2"
    "$host"
    ctl apply --dry-run
    exits 0 || return 1
    cp -a "$ROOT" "$whole"
    for part in "${PARTS[@]}"; do
        [[ -e $ROOT$part ]] || { echo "$host has no $part" && return 1; }
        rm -r "${ROOT:?}$part"
        local before
        before=$(tree)
        ctl apply
        ((status == 1)) || { show && echo "$host without $part" && return 1; }
        has_not 'nothing to do' && diff <(echo "$before") <(tree) || { show && echo "$host without $part" && return 1; }
        rm -rf "$ROOT" && cp -a "$whole" "$ROOT"
    done
    rm -rf "$whole"
}

@test "without its loader, its entry, its kernel, its image or its maker, apply fails on any host, and writes nothing" {
    local host
    for host in debian_host fedora_host arch_host; do
        echo "$host"
        rm -rf "$ROOT" && setup
        nothing_without "$host" "$ROOT_UUID rw quiet" || return 1
        # What the next boot needs is on the command line already.
        rm -rf "$ROOT" && setup
        nothing_without "$host" "$ROOT_UUID rw quiet $TOKENS" || return 1
    done
}

@test "the same where no parameter is needed, and for what udev claims" {
    put /proc/cpuinfo 'vendor_id : AuthenticAMD'
    rule gpu0 '[Match]' Bus=usb Serial=AA01
    ctl cmdline
    is "$output" '' 'parameters'
    nothing_without debian_host "$ROOT_UUID rw quiet"
}

@test "without a rule nothing is needed, and nothing fails" {
    unraid
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    ctl apply
    exits 0
    has 'Boot images     none is needed: there are no rules'
    ctl check --json
    is "$(get '.checks[] | select((.id | startswith("image.6")) and .status == "fail") | .id')" '' 'images that fail'
}

@test "a kernel beside the one that runs, without an image, is no failure" {
    debian_host
    mkdir -p "$ROOT/lib/modules/6.12.1" "$ROOT/lib/modules/6.12.2"
    put /boot/vmlinuz-6.12.1 kernel
    ctl apply --dry-run
    exits 0
    has 'kernel 6.12.1 has no boot image'
    has_not 6.12.2
}

@test "a tree whose running kernel is unknown needs an image of some kernel" {
    debian_host
    rm "$ROOT/proc/sys/kernel/osrelease"
    ctl apply --dry-run
    exits 0
    rm "$ROOT/boot/initrd.img-$KERNEL"
    ctl apply
    exits 1
    has 'and that was not found'
}
