# With its root there, an initrd would go on before its LVM scan: it is to find all that it can find.
[ -e /run/lab-settled ]
