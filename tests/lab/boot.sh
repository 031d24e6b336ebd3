# shellcheck shell=bash
# One boot of a test's machine: image, overlays, disk, QEMU, verdict. Sourced by `vm`.
# shellcheck disable=SC2154,SC2034 # what `vm` and the verbs set, what `vm` reads

overlay() { # overlay DIR: as a cpio
    (cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --null --quiet -o -H newc -R 0:0)
}

disguise_overlay() {
    [[ -f $lab/guest/masquerade.ko ]] || die "no masquerade module: this needs the headers of kernel $(kernel_release)"
    local dir=$work/disguise params
    params=$(IFS=,; echo "${disguises[*]}")
    mkdir -p "$dir/lab" "$dir/usr/lib/systemd/system/sysinit.target.wants"
    cp "$lab/guest/masquerade.ko" "$dir/lab/"
    cat >"$dir/usr/lib/systemd/system/lab-masquerade.service" <<UNIT
[Unit]
Description=Masquerade
DefaultDependencies=no
# Before whoever looks at the bus: the product, and udev
Before=passthrough-initrd.service dracut-cmdline.service dracut-pre-udev.service systemd-modules-load.service
Before=systemd-udevd.service systemd-udev-trigger.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/insmod /lab/masquerade.ko functions=$params
UNIT
    ln -sf ../lab-masquerade.service "$dir/usr/lib/systemd/system/sysinit.target.wants/lab-masquerade.service"
    overlay "$dir"
}

# initrd BASE: writes $work/initrd.img, BASE and this test's overlays. Appended, so that padding counts: an overlay must start 4-byte aligned.
initrd() {
    cp "$1" "$work/initrd.img"
    truncate -s %4 "$work/initrd.img"
    overlays >>"$work/initrd.img"
}

overlays() {
    if [[ $initrd_etc && -d $initrd_etc && $real_image == no ]]; then
        rm -rf "${work:?}/etc"
        mkdir -p "$work/etc"
        cp -a "$initrd_etc/." "$work/etc/etc"
        overlay "$work/etc"
    fi
    if [[ $cleared ]]; then overlay "$cleared"; fi
    if [[ -d $test/initrd ]]; then overlay "$test/initrd"; fi
    if [[ $root_layout ]]; then delivery_overlay; fi
    if [[ ${disguises[*]} ]]; then disguise_overlay; fi
}

# put_tree DIR TARGET: debugfs commands that copy it into the disk; what is put there is noted, for the next boot to take away.
put_tree() {
    set -- "$(realpath "$1")" "$2"
    local dir
    # Its mkdir of what is there leaves an inode behind that a host's fsck stops at.
    while read -r dir; do
        if [[ $(debugfs -R "stat $dir" "$(disk_fs)" 2>/dev/null) != Inode:* ]]; then echo "mkdir $dir"; fi
    done < <(find "$1" -type d -printf "$2/%P\n" | sed 's,/$,,')
    find "$1" ! -type d -printf "rm $2/%P\nwrite $1/%P $2/%P\n"
    find "$1" ! -type d -printf "rm $2/%P\n" >>"$work/disk.put"
}

put_lines() { # put_lines FILE LINE…: a file of these lines, if there are any
    local file=$work/${1##*/}
    if [[ $# == 1 ]]; then return; fi
    printf '%s\n' "${@:2}" >"$file"
    echo "rm $1"
    echo "write $file $1"
}

# A root that debugfs cannot write to brings the product and the test along in the initrd, which copies them in once the root is mounted.
delivery_overlay() {
    local dir=$work/delivery units=$work/delivery/usr/lib/systemd/system
    rm -rf "$dir"
    mkdir -p "$dir"/lab-root/{lab,etc} "$units/initrd-root-fs.target.wants"
    cp -a "$lab/product/." "$dir/lab-root/"
    install -D -t "$dir/lab-root/usr/lib/lab" "$lab_source"/guest-{check,lib.sh}
    cp "$test/guest" "$dir/lab-root/lab/guest"
    if [[ $root_etc && -d $root_etc ]]; then cp -a "$root_etc/." "$dir/lab-root/etc/"; fi
    if [[ -d $test/files ]]; then cp -a "$test/files/." "$dir/lab-root/lab/"; fi
    cp "$lab_source/lab-delivery.service" "$units/"
    ln -s ../lab-delivery.service "$units/initrd-root-fs.target.wants/"
    overlay "$dir"
}

# The disk that the lab itself writes to and reads from: the root's, or where the root is out of debugfs's reach one for results alone.
make_disk() {
    if [[ $root_layout ]]; then
        mke2fs -q -F -t ext4 -O ^has_journal -L lab-out "$disk" 64M >/dev/null
        return
    fi
    local fs=$lab/$root_image.ext4 label=gpt partitions="start=${root_start}MiB, size=${root_size}MiB"
    if [[ $root_start == 0 ]]; then
        cp --sparse=always --reflink=auto "$fs" "$disk"
        return
    fi
    case $boot_loader in
    grub) label=dos ;;
    systemd-boot) partitions="start=1MiB, size=$((root_start - 1))MiB, type=uefi"$'\n'$partitions ;;
    esac
    rm -f "$disk"
    truncate -s $((root_start + root_size + 1))M "$disk"
    sfdisk --quiet --label $label "$disk" <<<"$partitions"
    dd if="$fs" of="$disk" bs=1M seek="$root_start" conv=notrunc,sparse status=none
}

# Once: big files take their time.
put_brought() {
    if ((${#brought[@]})); then printf 'write %s %s\n' "${brought[@]}"; fi
    brought=()
}

# What a boot loader's own tools read, and the image that it is to load.
put_boot_files() {
    local image tokens="console=ttyS0 $lab_cmdline modprobe.blacklist=$unwanted$append"
    if [[ -f $work/boot-files ]]; then return; fi
    touch "$work/boot-files"
    put_lines /etc/default/grub 'GRUB_DEFAULT=0' 'GRUB_TIMEOUT=0' 'GRUB_DISTRIBUTOR=Debian' 'GRUB_CMDLINE_LINUX_DEFAULT=quiet' \
        "GRUB_CMDLINE_LINUX=\"$tokens\""
    put_lines /etc/kernel/cmdline "$root_cmdline rw quiet $tokens"
    if [[ $root_image == bare || $root_image == fresh ]]; then return; fi
    echo "rm /boot/initrd.img-$(kernel_release)"
    image=$(base_image)
    if [[ -f $image.gz ]]; then image+=.gz; fi
    echo "write $image /boot/initrd.img-$(kernel_release)"
}

# The file system in it, as e2fsprogs' programs take it.
disk_fs() {
    if [[ $root_start == 0 ]]; then echo "$disk"; else echo "$disk?offset=$((root_start * 1048576))"; fi
}

fill_disk() {
    local commands=$work/disk.cmds
    [[ -f $disk ]] || make_disk
    if [[ $root_layout ]]; then return; fi
    touch "$work/disk.put"
    cp "$work/disk.put" "$commands"
    {
        echo "rm /lab/guest"
        echo "write $(realpath "$test/guest") /lab/guest"
        if [[ $root_etc && -d $root_etc ]]; then put_tree "$root_etc" /etc; fi
        if [[ -d $test/files ]]; then put_tree "$test/files" /lab; fi
        put_lines /etc/fstab "${fstab[@]}"
        put_lines /etc/crypttab "${crypttab[@]}"
        put_lines /lab/boot "$boot_name"
        put_brought
        if [[ $boot_loader ]]; then put_boot_files; fi
        if ((${#disk_files[@]})); then printf '%s\n' "${disk_files[@]}"; fi
    } >>"$commands"
    disk_files=()
    debugfs -w -f "$commands" "$(disk_fs)" >"$work/disk.log" 2>&1
}

base_image() {
    local options=()
    if [[ $flavour == guest:* ]]; then
        debugfs -R "dump ${flavour#guest:} $work/guest.img" "$(disk_fs)" 2>/dev/null
        echo "$work/guest.img"
        return
    fi
    if [[ $real_image == yes ]]; then options+=(--etc="$root_etc"); fi
    if [[ $image_product ]]; then options+=(--product="$image_product"); fi
    "$lab_source/image" "${options[@]}" "$flavour"
}

since() { awk -v then="$1" -v now="$EPOCHREALTIME" 'BEGIN { print now - then }'; }

# no_timer_check: on a busy host the kernel finds that its timer does not tick, and panics; guests of KVM are spared that by themselves.
# nvme_core.io_timeout: on a busy host QEMU's NVMe disk now and then overlooks a command, and the driver would wait 30 s for it.
# norandmaps, nokaslr: where code lies at another address in each process, QEMU translates it anew each time: a sixth of a boot. mitigations,
# cryptomgr: no processor is here to be protected, nor a cipher to be tested.
lab_cmdline='norandmaps nokaslr mitigations=off cryptomgr.notests no_timer_check panic=-1 rd.shell=0 rd.emergency=reboot nvme_core.io_timeout=4 drm_kms_helper.fbdev_emulation=0 log_buf_len=8M'

kernel_args() { # kernel_args INITRD TOKENS: QEMU loads the kernel itself
    args=(-kernel "$kernel" -initrd "$1" -append "console=ttyS0 quiet $root_cmdline rw $iommu_cmdline $lab_cmdline \
dyndbg=\"file drivers/base/dd.c +p\" modprobe.blacklist=$unwanted$append $2")
}

# serve_requests LOG: passes on to QEMU's monitor, or to a line of `line`, what the guest asks for by name on its serial line. Runs until it is killed.
serve_requests() {
    local line='' part name
    exec 4<"$1"
    while :; do
        if ! IFS= read -r part <&4; then
            line+=$part
            sleep 0.2
            continue
        fi
        line+=$part
        if [[ $line == *'# request: '* ]]; then
            name=${line##*'# request: '}
            name=${name%$'\r'}
            echo "${requests[$name]-}" 1<>"$work/${from_outside[$name]-monitor}.in"
        fi
        line=
    done
}

# serve_prompts LOG: types what is to be typed. A prompt may be all there is of its line. Runs until it is killed.
serve_prompts() {
    local line='' part ended prompt=${typed[0]} text=${typed[1]} when=("${typed[@]:2}")
    exec 4<"$1"
    while :; do
        ended=yes
        IFS= read -r part <&4 || ended=no
        line+=$part
        if [[ $line == *"$prompt"* ]]; then
            line=
            echo "# it asks: $prompt; typed: ${when[0]-never}"
            if [[ ${when[0]-never} != never ]]; then
                sleep "${when[0]}"
                echo "$text" 1<>"$work/serial.in"
            fi
            when=("${when[@]:1}")
        elif [[ $ended == yes ]]; then
            line=
        else
            sleep 0.2
        fi
    done
}

# qemu DRIVE LOG ARGUMENT…: one run; its exit status is the guest's verdict, or says that there is none.
qemu() {
    # The guest ends itself by isa-debug-exit; a panic or an emergency reboots, which ends QEMU too (-no-reboot, but for `resets`); the rest is timeout's
    # (--foreground: an interrupt from the keyboard reaches QEMU).
    local disk_args=(-drive "if=none,id=root,format=raw,$1" -device "$disk_device")
    local iommu_args=(-device "$iommu_device")
    if [[ $disk_device == none ]]; then disk_args=(); fi
    if [[ ! $iommu_device ]]; then iommu_args=(); fi
    local monitor_args=()
    if ((${#requests[@]})); then monitor_args=(-chardev "pipe,id=monitor,path=$work/monitor" -mon chardev=monitor); fi
    local serial=(-serial "file:$2")
    if ((${#typed[@]})); then serial=(-chardev "pipe,id=serial,path=$work/serial" -serial chardev:serial); fi
    timeout --foreground --kill-after=10 "${LAB_TIMEOUT:-300}" "${qemu_program[@]}" \
        -accel tcg -machine q35,kernel-irqchip=split "${iommu_args[@]}" -cpu "$processor" -smp "$cpus" -m "$memory" "${nodes[@]}" \
        -nodefaults -no-user-config -display none -vga none -audiodev none,id=snd "${end_of_reset[@]}" -monitor none "${monitor_args[@]}" \
        "${serial[@]}" -device isa-debug-exit,iobase=0x501,iosize=1 \
        -uuid 4c414200-0000-4000-8000-00000000cafe "${backends[@]}" "${devices[@]}" "${disk_args[@]}" "${@:3}" </dev/null
}

# verdict_said LOG: as QEMU would have ended with it.
verdict_said() {
    local verdict
    verdict=$(sed -n 's/^# verdict: \([0-9]*\)\r*$/\1/p' "$1" | tail -n 1)
    if [[ $verdict ]]; then echo $((2 * verdict + 1)); else echo 0; fi
}

failed=0
boot() { # boot NAME [TOKEN…]
    local boot_name=$1 base args
    shift
    fill_disk
    base=$(base_image)
    initrd "$base"
    kernel_args "$work/initrd.img" "lab.boot=$boot_name $*"
    run_boot
    rm -f "$work/initrd.img"
}

# boot_from_disk NAME: by the firmware and whatever it finds on the disk.
boot_from_disk() {
    local boot_name=$1 args=() firmware=/usr/share/OVMF
    fill_disk
    if [[ $boot_loader != grub ]]; then
        [[ -f $work/firmware.vars ]] || cp "$firmware/OVMF_VARS_4M$keys.fd" "$work/firmware.vars"
        args=(-drive "if=pflash,unit=0,format=raw,readonly=on,file=$firmware/OVMF_CODE_4M$keys.fd"
            -drive "if=pflash,unit=1,format=raw,file=$work/firmware.vars" "${locked[@]}")
    fi
    run_boot
}

run_boot() {
    local status=0 start log=$work/$boot_name.log servers=() line
    if ((${#requests[@]})); then
        rm -f "$work"/monitor.{in,out}
        mkfifo "$work"/monitor.{in,out}
        : >"$log"
        serve_requests "$log" &
        servers+=($!)
    fi
    for line in "${lines[@]}"; do
        rm -f "$work/$line".{in,out}
        mkfifo "$work/$line".{in,out}
        cat "$work/$line.out" >"$work/$line.txt" &
        servers+=($!)
    done
    if ((${#typed[@]})); then
        rm -f "$work"/serial.{in,out}
        mkfifo "$work"/serial.{in,out}
        : >"$log"
        cat "$work/serial.out" >>"$log" &
        servers+=($!)
        serve_prompts "$log" &
        servers+=($!)
    fi
    if [[ $tpm == yes ]]; then
        mkdir -p "$work/tpm"
        # It ends with QEMU.
        swtpm socket --tpm2 --daemon --terminate --tpmstate "dir=$work/tpm" --ctrl "type=unixio,path=$work/tpm.socket" >"$work/tpm.log" 2>&1
    fi
    start=$EPOCHREALTIME
    qemu "file=$disk,cache=unsafe" "$log" "${args[@]}" >"$work/$boot_name.qemu" 2>&1 || status=$?
    # Those that read serial lines have come to their end by themselves.
    if ((${#servers[@]})); then kill "${servers[@]}" 2>/dev/null || true; fi
    printf '# boot %s: %.1f s\n' "$boot_name" "$(since "$start")"
    if [[ $status == 0 ]]; then status=$(verdict_said "$log"); fi
    if [[ $status == 33 ]]; then return; fi

    failed=1
    case $status in
    35) echo "# boot $boot_name: assertions failed" ;;
    124 | 137) echo "# boot $boot_name: no verdict in time" ;;
    *) echo "# boot $boot_name: QEMU ended with $status and no verdict" ;;
    esac
    echo "# the guest's log, its end ($log):"
    tail -n "${LAB_TAIL:-60}" "$log" | tr -d '\r' | sed 's/^/    /'
    grep -v 'has no peer' "$work/$boot_name.qemu" | sed -n '1,5s/^/    qemu: /p'
}
