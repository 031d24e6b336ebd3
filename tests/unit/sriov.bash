# shellcheck shell=bash
# Functions that are to have virtual ones.

# sriov ADDRESS TOTAL [ENABLED]: what the kernel shows of a function with the capability (drivers/pci/iov.c).
sriov() {
    pci_set "$1" sriov_totalvfs "$2"
    pci_set "$1" sriov_numvfs "${3-0}"
    pci_set "$1" sriov_drivers_autoprobe 1
    pci_set "$1" sriov_offset 128
    pci_set "$1" sriov_stride 2
    pci_set "$1" sriov_vf_device 10ca
}

# host_with_uplink: a new tree that answers on a card which no rule means.
host_with_uplink() {
    tree_new
    pci_add 0000:00:19.0 8086:15b7 0200 group=19 driver=e1000e
    nic eno1 0000:00:19.0 up
    default_route eno1
    put /etc/machine-id 0123456789abcdef0123456789abcdef
}

# functions LINE...: the rule for the function at 0000:04:00.0; VirtualFunctions= comes first.
functions() {
    rule 50-nic '[Match]' Path=00:04.0/00.0 '[SR-IOV]' "$@"
}

# planned: "OP TARGET VALUE" of the operations, in order, without the directory of the function, $PF.
planned() {
    get '.operations[] | "\(.op) \(.target) \(.value)"' | sed "s,$PF/\?,,g"
}

# nic_with_functions [up]: an 82576 at 0000:04:00.0, with its driver, and no virtual function yet.
nic_with_functions() {
    function_with_functions 8086:10c9 0200 igb 7
    nic eth4 0000:04:00.0 "$@"
    put "/sys/$(pci_dir 0000:04:00.0)/net/eth4/addr_assign_type" 0
    put "/sys/$(pci_dir 0000:04:00.0)/net/eth4/address" 52:54:00:00:00:04
}

# function_with_functions ID CLASS DRIVER TOTAL: any other one there, without an interface.
function_with_functions() {
    root_port 0000:00:04.0 04
    pci_add 0000:04:00.0 "$1" "$2" under=0000:00:04.0 group=4 driver="$3"
    sriov 0000:04:00.0 "$4"
}

# representors N: what stands for that many virtual functions in switchdev mode, beside the interface of the function.
representors() {
    local i net
    net=$(pci_file 0000:04:00.0 net)
    for ((i = 0; i < $1; i++)); do
        cp -r "$net/eth4" "$net/rep$i"
        echo "pf0vf$i" >"$net/rep$i/phys_port_name"
        echo 0a0b0c0d >"$net/rep$i/phys_switch_id"
    done
}

# made N [KEY=VALUE...]: virtual functions of it, that many, as the driver leaves them; the keys are those of pci_add.
made() {
    local i
    for ((i = 0; i < $1; i++)); do
        pci_add "0000:04:10.$((i * 2))" 8086:10ca 0200 under=0000:00:04.0 "group=$((40 + i))" physfn=0000:04:00.0 "index=$i" "${@:2}"
    done
}

# make_functions RULE: the program that makes them, on the tree.
make_functions() {
    run_program timeout 20 "$BUILD/passthrough-sriov" --root="$ROOT" "$1"
}

# attribute ADDRESS NAME VALUE
attribute() {
    is "$(<"$(pci_file "$1" "$2")")" "$3" "$2 of $1"
}
