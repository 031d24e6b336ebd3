# shellcheck shell=bash
# What the layouts' guests share.

disk_named() { # disk_named SERIAL
    local serial name
    for serial in /sys/class/nvme/*/serial; do
        name=${serial%/*}
        if [[ $(xargs <"$serial") == "$1" ]]; then echo "/dev/${name##*/}n1"; fi
    done
}

# Nothing here is a secret. Tests that open it carry the same file.
key=/run/lab.key
echo 'the key of the lab' >"$key"

# luks DEVICE UUID NAME: formatted, and open as NAME; with the derivation and the cipher that an emulated processor does quickest.
luks() {
    cryptsetup luksFormat --batch-mode --uuid "$2" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
        --cipher aes-cbc-plain64 --key-size 128 --key-file "$key" "$1" &&
        cryptsetup open --key-file "$key" "$1" "$3"
}

# copy_root DIR: this root, less the product, which each test brings along, and less drivers of what these machines do not have.
copy_root() {
    local modules='./usr/lib/modules/*/kernel'
    tar -C / --one-file-system --exclude='*passthrough*' --exclude='./boot/*' --exclude='./lab/*' \
        --exclude="$modules"/{sound,net} --exclude="$modules"/drivers/{gpu,net,media,infiniband,staging,scsi,iio,isdn,usb,input,mtd,comedi} \
        -cf - . | tar -C "$1" -xf -
}

# fstab DIR LINE…
fstab() {
    local dir=$1
    shift
    printf '%s\n' "$@" >"$dir/etc/fstab"
}
