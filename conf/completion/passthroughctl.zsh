#compdef passthroughctl
# SPDX-License-Identifier: GPL-2.0-or-later
# Completes passthroughctl's commands and options, the rules and devices of this machine or of that below --root=.

_passthroughctl_commands() {
    local -a commands=(
        'list:show devices, and which could be handed over'
        'add:write a rule for devices that are there'
        'remove:remove a rule'
        'hugepages:reserve huge pages at boot'
        'check:tell whether the host is ready for its rules'
        'plan:show what the next boot does'
        'apply:update command line and boot images'
        'status:show what this boot did'
        'confirm:keep what this boot tries'
        'undo:take the last apply back'
        'show:print QEMU arguments and libvirt XML'
        'bind:hand devices over now'
        'release:give them back to the host'
        'cmdline:print the tokens that the rules need'
        'capture:copy this machine to a tree for --root'
        'trial:show the result of the last trial'
        'image:put the rules into a boot image'
        'help:show the commands, or one of them'
    )
    _describe command commands
}

_passthroughctl() {
    local context state state_descr line root command word number=0
    local -A opt_args
    local -a options rules devices interfaces releases

    for word in ${words[2,CURRENT-1]}; do
        case $word in
        (--root=*) root=${word#*=} ;;
        (-*) ;;
        (*) if [[ -n $command ]]; then number=$((number + 1)); else command=$word; fi ;;
        esac
    done
    rules=($root/{etc,run,usr/local/lib,usr/lib}/passthrough.d/*.conf(N:t:r))
    # USB devices, not their interfaces; terminals of hardware; parents of mediated devices that are on no other bus, and those devices.
    devices=($root/sys/bus/pci/devices/*(N:t) $root/sys/bus/usb/devices/[0-9]*-[0-9]*~*:*(N:t) $root/sys/class/tty/*/device(N:h:t))
    devices+=($root/sys/class/mdev_bus/*~*:*(N:t) $root/sys/bus/mdev/devices/*(N:t))
    # Domain 0000 may be left out; then it is not completed.
    [[ -z $PREFIX ]] || devices+=(${${(M)devices:#0000:*}#0000:})
    interfaces=($root/sys/class/net/*(N:t))
    releases=($root/lib/modules/*(N:t))

    case $command in
    (list) options=('--json[one JSON document]' '--all[bridges and system functions, too]' '--types[types of virtual GPUs]') ;;
    (add) options=('--json[one JSON document]' '--dry-run[show what would be written]' '--yes[answer each question with yes]'
        '--from=[take over from]:source:(driverctl modprobe cmdline running mdevctl initramfs-tools)') ;;
    (remove|hugepages|bind|release|confirm|trial) options=('--json[one JSON document]' '--dry-run[show what would be done]') ;;
    (check) options=('--json[one JSON document]' '--all[every row]' '--for=[what one program demands]:program:(cloudpods kubevirt nova proxmox)') ;;
    (plan) options=('--json[one JSON document]' '--steps[each operation, in order]' '--against=[over the captured machine in a directory]:directory:_files -/') ;;
    (show)
        options=('--json[one JSON document]' '--all[every rule]'
            '--format=[for one program]:format:(qemu qemu_iommufd libvirt libvirt-network libvirt-nodedev kubevirt sriov-device-plugin cdi nfd nova proxmox cloudpods cloud-hypervisor talos prometheus)'
            '--output=[into a file]:file:_files' '--follow[keep the file up to date]')
        ;;
    (apply)
        options=('--json[one JSON document]' '--dry-run[show what would be done]' '--yes[answer each question with yes]'
            '--no-trial[at once]'
            '--confirm=[kept by confirm within]:time:(5min 15min 1h)')
        ;;
    (status) options=('--json[one JSON document]' '--boot=[an earlier boot]:boot:(0 -1 -2)') ;;
    (undo) options=('--json[one JSON document]' '--dry-run[show what would be done]' '--list[name what can be undone]') ;;
    (capture) options=('--json[one JSON document]' '--dry-run[show what would be done]' '--raw[keep what identifies the machine]') ;;
    (cmdline)
        options=('--json[one JSON document]' '--format=[as it is written there]:format:(plain grub kernel bootc)'
            '--vendor=[of the processor]:vendor:(intel amd)' '--kernel=[kernel release]:release:compadd -a releases'
            '--cmdline=[judge this line]:line:')
        ;;
    (image) options=('--kernel=[kernel release]:release:compadd -a releases' '--modules[only print the modules]') ;;
    esac

    _arguments $options '--root=[a captured machine]:directory:_directories' \
        '(-h --help)'{-h,--help}'[show help]' '--version[show the version]' '*:argument:->argument' && return

    [[ $state == argument ]] || return
    case $command in
    (''|help) ((number > 0)) || _passthroughctl_commands ;;
    (remove) _wanted rules expl rule compadd -a rules ;;
    (show|bind|release) _alternative 'rules:rule:compadd -a rules' 'devices:device:compadd -a devices' ;;
    (add)
        ((number > 0)) || return
        _alternative 'devices:device:compadd -a devices' 'interfaces:interface:compadd -a interfaces' 'files:device node:_files -g "/dev/*"'
        ;;
    (list)
        _alternative 'devices:device:compadd -a devices' 'interfaces:interface:compadd -a interfaces' \
            'kinds:kind:(graphics storage network usb audio accelerators serial)'
        ;;
    (cmdline) _wanted commands expl command compadd check ;;
    (capture) _files ;;
    (plan|image) _directories ;;
    esac
}

_passthroughctl "$@"
