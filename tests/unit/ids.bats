# ids= of vfio-pci and pci-stub: what reads them, who loads the driver first, and what plan and apply say.

load product
load tree

ROOT_UUID=root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11
MODPROBE=/etc/modprobe.d/vfio.conf
CARD='0000:02:00.0 \(8086:10d3\), which no rule hands over; the host needs it: 0000:02:00.0 ← eno1 ← default route'

# A host that answers on 02:00.0, and whose rule hands over 01:00.0. GRUB, as Debian has it, boots it.
setup() {
    tree_again host "$BATS_FILE_TMPDIR" && return
    tree_new
    card 0000:00:02.0 01 1
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 8086:10d3 0200 under=0000:00:03.0 group=2 driver=e1000e
    nic eno1 0000:02:00.0 up
    default_route eno1
    rule gpu0 '[Match]' Path=00:02.0/00.0
    mkdir -p "$ROOT"/{usr/sbin,boot/grub,var/lib}
    put /proc/cmdline "BOOT_IMAGE=/boot/vmlinuz-$KERNEL $ROOT_UUID ro quiet"
    : >"$ROOT/usr/sbin/update-grub"
    put /etc/debian_version 12.5
    grub '' ''
    image_there
    tree_keep host "$BATS_FILE_TMPDIR"
}

# grub SETTINGS MENU: what GRUB_CMDLINE_LINUX and the entry of the menu have.
grub() {
    put /etc/default/grub '# settings, not vfio-pci.ids=8086:10d3' 'GRUB_DEFAULT=0' 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"' "GRUB_CMDLINE_LINUX=$1"
    put /boot/grub/grub.cfg '### BEGIN /etc/grub.d/10_linux ###' "menuentry 'Debian GNU/Linux' --class debian {" \
        "	linux	/boot/vmlinuz-$KERNEL $ROOT_UUID ro $2 quiet" "	initrd	/boot/initrd.img-$KERNEL" '}' '### END /etc/grub.d/10_linux ###'
}

tree() {
    (cd "$ROOT" && find . -path ./var/lib/passthrough -prune -o \( -type d -print -o -type f -exec sha256sum {} \; \) | LC_ALL=C sort)
}

# refuses PATTERN...: apply writes nothing, and says so.
refuses() {
    local before pattern
    before=$(tree)
    ctl apply "${dry[@]}"
    exits 1 || return 1
    for pattern in "$@" 'nothing is written until that is done'; do
        grep -qE -- "$pattern" <<<"$stderr" || { echo "not said: $pattern" && echo "$stderr" && return 1; }
    done
    is "$(tree)" "$before" 'the tree' || return 1
}

# goes_on PATTERN...: apply does its work, and notes these.
goes_on() {
    local pattern
    ctl apply --dry-run
    exits 0 || return 1
    for pattern; do
        grep -qE -- "$pattern" <<<"$output" || { echo "not noted: $pattern" && show && return 1; }
    done
    if (($# == 0)); then has_not ids=; fi
}

@test "plan names line, file and devices, and why the host needs them; as a note, and beside a JSON document that is whole" {
    put $MODPROBE '# of long ago' 'options vfio-pci ids=10de:1b06,8086:10d3'
    plan
    exits 0
    [[ $stderr =~ ^"note: $MODPROBE: \"options vfio-pci ids=10de:1b06,8086:10d3\" does nothing: passthrough loads vfio-pci with an empty ids=, and no line that it knows of loads it first; it can go. It means "$CARD$ ]] ||
        { echo "$stderr" && return 1; }
    ctl plan
    exits 0
    has "note: $MODPROBE: "
    put /etc/modules-load.d/vfio.conf vfio-pci
    ctl plan
    exits 0
    has "\"options vfio-pci ids=10de:1b06,8086:10d3\" takes 0000:02:00.0 (8086:10d3), which no rule hands over" \
        '/etc/modules-load.d/vfio.conf loads vfio-pci first: "vfio-pci"' "apply refuses before it is gone: remove \"options vfio-pci"
}

@test "where only our own load applies them, apply goes on, and says that the line can go; without, it says nothing" {
    goes_on
    put $MODPROBE 'options vfio-pci ids=8086:10d3'
    goes_on "^note: $MODPROBE: \"options vfio-pci ids=8086:10d3\" does nothing: .*; it can go. It means $CARD\$"
    put $MODPROBE 'options vfio_pci ids=1002:5159 disable_vga=1'
    goes_on "^note: $MODPROBE: .* does nothing: .*; it can go\$"
    put $MODPROBE 'options vfio_pci ids=10de:1b06'
    goes_on
}

@test "each of what may load the driver first has apply refuse, by name" {
    local file text line
    put $MODPROBE 'options vfio-pci \' 'disable_vga=1 ids="8086:10d3"'
    goes_on 'does nothing'
    while IFS='|' read -r file line text; do
        rm -rf "$BATS_TEST_TMPDIR/was" && cp -a "$ROOT" "$BATS_TEST_TMPDIR/was"
        put "$file" "$(printf '%b' "$line")"
        refuses "$MODPROBE: \"options vfio-pci .*ids=\"8086:10d3\"\" takes $CARD; $file loads vfio-pci first: \"$text\"" \
            "remove \"options vfio-pci .*\" from $MODPROBE, or \"$text\" from $file, then dracut -f\$" || { echo "$file: $line" && return 1; }
        rm -rf "$ROOT" && mv "$BATS_TEST_TMPDIR/was" "$ROOT"
    done <<'LOADERS'
/etc/modules-load.d/a.conf|# vfio\nkvm\nvfio_pci|vfio_pci
/usr/lib/modules-load.d/a.conf|vfio-pci|vfio-pci
/usr/local/lib/modules-load.d/a.conf|vfio-pci|vfio-pci
/etc/modules|vfio\nvfio_pci ids=1234:5678|vfio_pci ids=1234:5678
/etc/initramfs-tools/modules|vfio_pci|vfio_pci
/etc/mkinitcpio.conf|MODULES=(vfio_pci vfio\nvfio_iommu_type1)|MODULES
/etc/dracut.conf|force_drivers="vfio-pci"|force_drivers
/etc/dracut.conf.d/vfio.conf|force_drivers+=" vfio\n vfio-pci "|force_drivers
/etc/dracut.conf.d/vfio.conf|kernel_cmdline="quiet rd.driver.pre=vfio-pci"|rd.driver.pre=vfio-pci
/etc/cmdline.d/vfio.conf|rd.driver.pre=vfio,vfio_pci|rd.driver.pre=vfio,vfio_pci
/etc/cmdline|rdloaddriver=vfio-pci|rdloaddriver=vfio-pci
/etc/modprobe.d/soft.conf|softdep nouveau pre: vfio-pci|softdep nouveau pre: vfio-pci
/lib/modprobe.d/soft.conf|softdep e1000e post: vfio_pci|softdep e1000e post: vfio_pci
/etc/modprobe.d/install.conf|install nouveau /sbin/modprobe vfio-pci; /sbin/modprobe -i nouveau|install nouveau /sbin/modprobe vfio-pci; /sbin/modprobe -i nouveau
/etc/modprobe.d/alias.conf|alias pci:v00008086d000010D3* vfio_pci|alias pci:v00008086d000010D3. vfio_pci
/etc/driverctl.d/0000:01:00.0|vfio-pci|vfio-pci
/etc/udev/rules.d/a.rules|SUBSYSTEM=="pci", RUN{builtin}+="kmod load vfio-pci"|SUBSYSTEM=="pci", RUN{builtin}\+="kmod load vfio-pci"
/etc/default/grub|GRUB_CMDLINE_LINUX_DEFAULT="quiet modules_load=vfio-pci"|modules_load=vfio-pci
/etc/default/grub|GRUB_CMDLINE_LINUX='rd.modules_load=vfio-pci quiet'|rd.modules_load=vfio-pci
/etc/default/grub|GRUB_CMDLINE_LINUX=rd.driver.pre=vfio-pci|rd.driver.pre=vfio-pci
/etc/default/grub.d/vfio.cfg|GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX rd.driver.post=vfio-pci"|rd.driver.post=vfio-pci
LOADERS
}

@test "modprobe.d has files of an old name, too" {
    put /etc/modprobe.d/aliases.alias 'options vfio-pci ids=8086:10d3' 'softdep nouveau pre: vfio-pci'
    put /etc/modprobe.d/vfio.conf.bak 'options vfio-pci ids=8086:10d3'
    refuses "/etc/modprobe.d/aliases.alias: \"options vfio-pci ids=8086:10d3\" takes $CARD; /etc/modprobe.d/aliases.alias loads vfio-pci first"
}

@test "what only looks like it loads the driver does not" {
    put $MODPROBE 'options vfio-pci ids=8086:10d3' 'install vfio-pci /sbin/vfio-pci-override.sh' 'softdep vfio-pci pre: e1000e' \
        'install nouveau /sbin/vfio-pci-override.sh' 'softdep nouveau pre: vfio_pci_core' '# softdep nouveau pre: vfio-pci'
    put /etc/modules-load.d/a.conf '# vfio-pci' ';vfio-pci' vfio vfio-pci-core
    put /etc/modules-load.d/b.txt vfio-pci
    put /usr/lib/modules-load.d/c.conf vfio-pci
    : >"$ROOT/etc/modules-load.d/c.conf"
    put /etc/modules '# vfio-pci'
    put /etc/dracut.conf.d/a.conf 'add_drivers+=" vfio-pci "' '#force_drivers+=" vfio-pci "' 'force_drivers+=" vfio "'
    put /etc/cmdline.d/a.conf rd.driver.blacklist=vfio-pci
    put /etc/udev/rules.d/a.rules 'SUBSYSTEM=="pci", ATTR{driver_override}="vfio-pci"' '# RUN+="modprobe vfio-pci"'
    grub '"rd.driver.pre=vfio"' rd.driver.pre=vfio
    goes_on 'does nothing'
}

@test "what cannot be read may load it" {
    put $MODPROBE 'options vfio-pci ids=8086:10d3'
    mkdir "$ROOT/etc/modules"
    refuses '/etc/modules may load vfio-pci first: it cannot be read'
}

@test "of a driver that is built in the command line counts, and modprobe.d does not; it is not known: the command line" {
    module vfio-pci builtin
    put $MODPROBE 'options vfio-pci ids=8086:10d3'
    put /etc/modules-load.d/vfio.conf vfio-pci
    goes_on 'does nothing: vfio-pci is built into the kernel, which does not read it; it can go'
    grub '"vfio_pci.ids=8086:10d3"' ''
    refuses "/etc/default/grub: \"vfio_pci.ids=8086:10d3\" takes $CARD; vfio-pci is built into kernel $KERNEL" \
        'remove "vfio_pci.ids=8086:10d3" from /etc/default/grub'
    dry=(--dry-run)
    refuses "vfio-pci is built into kernel $KERNEL"
    dry=()
    module vfio-pci loadable
    rm "$ROOT/etc/modules-load.d/vfio.conf"
    # The next boot may be of another kernel.
    put /lib/modules/6.9/modules.dep ''
    put /lib/modules/6.9/modules.builtin kernel/drivers/vfio/pci/vfio-pci.ko
    refuses 'vfio-pci is built into kernel 6.9'
    rm -r "$ROOT/lib/modules/6.9"
    goes_on '/etc/default/grub: "vfio_pci.ids=8086:10d3" does nothing'
    rm "$ROOT/lib/modules/$KERNEL/modules.dep"
    refuses 'vfio-pci may be built into the kernel \(unknown\)'
}

@test "pci-stub is one of them: built in here, as distributions have it, and as a module" {
    grub 'pci-stub.ids=8086:10d3' ''
    refuses "/etc/default/grub: \"pci-stub.ids=8086:10d3\" takes $CARD; pci-stub is built into kernel $KERNEL"
    module pci-stub loadable
    goes_on '"pci-stub.ids=8086:10d3" does nothing: passthrough loads pci-stub with an empty ids='
    put /etc/modules pci_stub
    refuses '/etc/modules loads pci-stub first'
    grub '' ''
    put $MODPROBE 'options pci_stub ids=8086:10d3'
    refuses "$MODPROBE: \"options pci_stub ids=8086:10d3\" takes $CARD; /etc/modules loads pci-stub first: \"pci_stub\""
}

@test "what the next boot has counts, not what this one was given" {
    module vfio-pci builtin
    cmdline vfio-pci.ids=8086:10d3
    ctl plan
    has '/proc/cmdline: "vfio-pci.ids=8086:10d3" takes' 'remove "vfio-pci.ids=8086:10d3" from the kernel command line'
    goes_on
    # The menu is made anew of the settings, where anything is to be written.
    grub '' vfio-pci.ids=8086:10d3
    goes_on
    grub '"intel_iommu=on iommu=pt"' 'vfio-pci.ids=8086:10d3 intel_iommu=on iommu=pt'
    refuses '/boot/grub/grub.cfg: "vfio-pci.ids=8086:10d3" takes'
    grub '' ''
    put /etc/passthrough.conf '[Host]' CommandLine=vfio-pci.ids=8086:10d3
    refuses 'CommandLine= of passthrough.conf: "vfio-pci.ids=8086:10d3" takes'
}

@test "an entry of the boot loader's own, and what new kernels get" {
    local id=0123456789abcdef0123456789abcdef
    rm -r "$ROOT/boot/grub" "$ROOT/etc/default"
    mkdir -p "$ROOT/sys/firmware/efi/efivars"
    { printf '\6\0\0\0' && printf 'systemd-boot 252.39\0' | sed 's/./&\x00/g' && printf '\0'; } \
        >"$ROOT/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    module vfio-pci builtin
    put "/boot/efi/$id/linux" kernel
    put "/boot/efi/$id/initrd" image
    entry() {
        put "/boot/efi/loader/entries/$1.conf" 'title Linux' "version $KERNEL" "machine-id $2" "options $ROOT_UUID ro $3" "linux /$id/linux" \
            "initrd /$id/initrd"
    }
    entry ours $id 'vfio-pci.ids=8086:10d3 quiet'
    refuses '/boot/efi/loader/entries/ours.conf: "vfio-pci.ids=8086:10d3" takes'
    entry ours $id quiet
    entry other ffffffffffffffffffffffffffffffff vfio-pci.ids=8086:10d3
    goes_on
    put /etc/kernel/cmdline "$ROOT_UUID ro vfio-pci.ids=8086:10d3"
    refuses '/etc/kernel/cmdline: "vfio-pci.ids=8086:10d3" takes'
}

@test "what rules hand over may be taken by anybody, and what this boot leaves out the next one need not" {
    put $MODPROBE 'options vfio-pci ids=1002:5159,1002:aa38'
    put /etc/modules-load.d/vfio.conf vfio-pci
    goes_on
    cmdline passthrough=off
    goes_on
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    rule other '[Match]' ID=abcd:1234 '[Device]' Expect=0-
    refuses 'takes 0000:01:00.0 \(1002:5159\), 0000:01:00.1 \(1002:aa38\), which no rule hands over; /etc/modules' \
        'or have rules hand them over, as passthroughctl add --from=modprobe'
    # Without rules there is nothing of ours that this is about.
    rm "$ROOT/etc/passthrough.d/other.conf"
    goes_on
}

@test "as JSON, apply says it in the document, too" {
    put $MODPROBE 'options vfio-pci ids=8086:10d3'
    put /etc/modules-load.d/vfio.conf vfio-pci
    ctl apply --json
    exits 1
    [[ $(get .message) == "$MODPROBE: \"options vfio-pci ids=8086:10d3\" takes 0000:02:00.0"* ]] || { show && return 1; }
}

@test "a device that the rule is refused counts as the host's" {
    rule nic '[Match]' ID=8086:10d3
    put $MODPROBE 'options vfio-pci ids=8086:10d3'
    put /etc/modules-load.d/vfio.conf vfio-pci
    refuses "takes $CARD; /etc/modules-load.d/vfio.conf"
}

@test "a load that brings ids= of its own has apply refuse, and one line is named once" {
    local file line
    while IFS='|' read -r file line; do
        rm -rf "$BATS_TEST_TMPDIR/was" && cp -a "$ROOT" "$BATS_TEST_TMPDIR/was"
        put "$file" "$line"
        refuses "$file: .*8086:10d3.* takes $CARD; $file loads vfio-pci first" "^passthroughctl: remove \"[^\"]*(\"[^\"]*){0,4}\" from $file, then dracut -f\$" ||
            { echo "$file: $line" && return 1; }
        rm -rf "$ROOT" && mv "$BATS_TEST_TMPDIR/was" "$ROOT"
    done <<'LOADERS'
/etc/modprobe.d/install.conf|install nouveau /sbin/modprobe vfio-pci ids=10de:1b06,8086:10d3; /sbin/modprobe -i nouveau
/etc/initramfs-tools/modules|vfio_pci ids=8086:10d3
/etc/udev/rules.d/a.rules|SUBSYSTEM=="pci", RUN+="/sbin/modprobe vfio-pci ids=8086:10d3"
LOADERS
    # Nobody runs it.
    put $MODPROBE 'install vfio-pci /sbin/modprobe -i vfio-pci ids=8086:10d3'
    goes_on 'does nothing: passthrough loads vfio-pci with an empty ids='
    put /etc/modules-load.d/a.conf vfio-pci
    refuses "$MODPROBE: \"install .*\" takes $CARD; /etc/modules-load.d/a.conf loads vfio-pci first"
    put $MODPROBE 'install vfio-pci /sbin/bind --device_ids=8086:10d3 && echo vfio-pci,ids=8086:10d3' 'install nouveau /sbin/modprobe vfio-pci ids='
    goes_on
}

@test "kernelopts of GRUB's environment, from its first token on" {
    module vfio-pci builtin
    rm -r "$ROOT/boot/grub" "$ROOT/usr/sbin/update-grub" "$ROOT/etc/debian_version"
    put /etc/default/grub 'GRUB_CMDLINE_LINUX="quiet"' GRUB_ENABLE_BLSCFG=true
    mkdir -p "$ROOT/boot/grub2"
    : >"$ROOT/usr/sbin/grubby"
    put /boot/grub2/grub.cfg blscfg
    put "/boot/loader/entries/0123456789abcdef0123456789abcdef-$KERNEL.conf" 'title Fedora' "version $KERNEL" "linux /vmlinuz-$KERNEL" "initrd /initrd.img-$KERNEL" \
        "options \$kernelopts"
    { printf '# GRUB Environment Block\nkernelopts=vfio-pci.ids=8086:10d3 %s ro\n' "$ROOT_UUID" && printf '#%.0s' {1..900}; } >"$ROOT/boot/grub2/grubenv"
    refuses '/boot/grub2/grubenv: "vfio-pci.ids=8086:10d3" takes'
}

@test "ids= in quotes of its own, in those of GRUB's setting and without" {
    local line
    module vfio-pci builtin
    for line in "'quiet vfio-pci.ids=\"10de:1b06,8086:10d3\"'" '"quiet vfio-pci.ids=\"10de:1b06,8086:10d3\" ro"' "\"vfio-pci.ids='10de:1b06,8086:10d3'\""; do
        grub "$line" ''
        refuses "/etc/default/grub: \"vfio-pci.ids=10de:1b06,8086:10d3\" takes $CARD" || { echo "$line" && return 1; }
    done
    module vfio-pci loadable
    put $MODPROBE 'options vfio-pci ids=8086:10d3'
    grub "'rd.driver.pre=\"vfio,vfio-pci\"'" ''
    refuses '/etc/default/grub loads vfio-pci first: "rd.driver.pre=vfio,vfio-pci"'
}

@test "files of many lines take no time and no memory" {
    put $MODPROBE 'options vfio-pci ids=8086:10d3'
    printf 'GRUB_X%s="foo bar"\n' {1..20000} >>"$ROOT/etc/default/grub"
    printf 'force_drivers+=" a%s "\n' {1..20000} | put /etc/dracut.conf
    goes_on 'does nothing'
}
