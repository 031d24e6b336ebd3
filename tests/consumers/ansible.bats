#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # status and output are run_program's
# tests/consumers/ansible runs this. Ansible runs on the made-up host itself, in a mount namespace, with a local connection.

# The verbs of the unit tests find their files beside those.
TOP=$(realpath "$BATS_TEST_DIRNAME/../..")
BATS_TEST_DIRNAME=$TOP/tests/unit
load() { . "$TOP/tests/unit/$1.bash"; }
load product
load tree
load live
load tree-boot

setup() {
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    hostname_is compute-1
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1002:6929 0300 under=0000:00:02.0 group=1 driver=radeon
    pci_add 0000:01:00.1 1002:aa38 0403 under=0000:00:02.0 group=1 driver=snd_hda_intel
    driver_present vfio-pci
    live_root
    mkdir -p "$ROOT/usr/sbin" "$ROOT/root"
    image_tools
    grub_host
    ln -s /build/passthroughctl "$ROOT/usr/sbin/passthroughctl"
    put /etc/passwd 'root:x:0:0:root:/root:/bin/sh'
    cp -r /usr/lib/python3* "$CONSUMERS/usr/lib/python3" "$ROOT/usr/lib/"
    mkdir -p "$ROOT/usr/lib/locale" && cp -r /usr/lib/locale/C.utf8 "$ROOT/usr/lib/locale/"
    cp "$CONSUMERS/usr/bin/ansible-playbook" "$CONSUMERS/usr/bin/ansible" "$ROOT/usr/sbin/"
    cp -r "$TOP/conf/examples/ansible" "$ROOT/playbooks"
    LIVE_TIMEOUT=300
    ENVIRONMENT=(LC_ALL=C.UTF-8 HOME=/root ANSIBLE_NOCOLOR=1 ANSIBLE_LOCAL_TEMP=/root/tmp)
}

# play [ARG...]: the playbook on this host.
play() {
    live_run ansible-playbook -i compute-1, -c local -e ansible_become=false -e ansible_python_interpreter=/usr/bin/python3 \
        "$@" /playbooks/passthrough.yml
}

# changed N: so many tasks have changed something, and none failed. task NAME WORD: what became of it.
changed() {
    [[ $output =~ changed=([0-9]+) ]] && is "${BASH_REMATCH[1]}" "$1" 'tasks that have changed something' && exits 0
}
task() {
    is "$(awk -v name="$1" 'index($0, "TASK [passthrough : " name "]") == 1 { on = 1; next } on && /^[a-z]+: / { sub(/:.*/, ""); print; exit }' <<<"$output")" "$2" "$1"
}

@test "the role run twice: changed, then not changed, and the host is as the first run left it" {
    local before
    play -e '{"passthrough_apply_options": ["--no-trial"]}'
    task 'Bring the next boot in line with the rules' changed
    task 'Lay down the rules' changed
    changed 4
    has 'the next boot has the rules'
    grep -q 'ID=1002:6929' "$ROOT/etc/passthrough.d/gpu.conf"
    grub_line | grep -q intel_iommu=on
    before=$(file_times | grep -vE '^\./(root|tmp)(/| )')
    play -e '{"passthrough_apply_options": ["--no-trial"]}'
    task 'Bring the next boot in line with the rules' ok
    changed 0
    has 'the next boot has the rules'
    diff <(echo "$before") <(file_times | grep -vE '^\./(root|tmp)(/| )')
    live undo --list --json
    whole '.applies | length == 1'
}

@test "a trial is made once, and the run in its boot keeps it" {
    disk device
    play
    task 'Bring the next boot in line with the rules' changed
    has 'that boot tries the rules once'
    play
    changed 0
    has 'that boot tries the rules once'
    boot_with second "$(grub_line passthrough-trial)"
    live trial --settle
    play
    task 'Keep the trial that this boot is' changed
    changed 1
    has_not 'the next boot tries' 'the next boot has'
    play
    changed 0
}

@test "--check changes nothing, and says what would be" {
    local before
    before=$(file_times | grep -vE '^\./(root|tmp)(/| )')
    play --check
    task 'Bring the next boot in line with the rules' changed
    exits 0
    diff <(echo "$before") <(file_times | grep -vE '^\./(root|tmp)(/| )')
}

@test "a rule that the next boot does not carry out is named with its reason, and the others are applied" {
    play -e '{"passthrough_apply_options": ["--no-trial"], "passthrough_rules": {"gpu": "[Match]\nClass=display audio\n[Device]\nFunctions=match\n"}}'
    exits 2
    task 'Bring the next boot in line with the rules' changed
    has 'gpu is refused: ' 'the next boot does not carry out gpu'
    play -e '{"passthrough_apply_options": ["--no-trial"], "passthrough_strict": false}'
    exits 0
}

@test "a rule with an error, and a host where apply needs an option: the run fails with that message" {
    play -e '{"passthrough_rules": {"gpu": "[Match]\nAdress=01:00.0\n"}}'
    exits 2
    has 'passthroughctl apply: the config has errors' '/etc/passthrough.d/gpu.conf:2: unknown key'
    rm "$ROOT/etc/grub.d/42_passthrough" "$ROOT/etc/passthrough.d/gpu.conf"
    play
    exits 2
    has 'passthroughctl apply: no trial boot is possible: ' 'apply --no-trial does without one'
}

@test "the local facts are what the boot did and what virtual machines get, also where a rule is not satisfied; a rule goes away" {
    play -e '{"passthrough_apply_options": ["--no-trial"]}'
    live_run ansible compute-1 -i compute-1, -c local -e ansible_python_interpreter=/usr/bin/python3 -m setup -a filter=ansible_local
    exits 0
    output=${output#* => }
    whole '.ansible_facts.ansible_local.passthrough | .status.version == 1 and (.status.rules | map(.name) == ["accelerators", "gpu"]) and .show.version == 1'
    play -e '{"passthrough_apply_options": ["--no-trial"], "passthrough_rules_absent": ["gpu"], "passthrough_rules": {}}'
    task 'Remove rules' changed
    [[ ! -e $ROOT/etc/passthrough.d/gpu.conf ]]
    exits 0
}
