#!/bin/sh
# enter-root.sh ROOT USER:GROUP STATE COMMAND...
# Run COMMAND in the private root, which it sees read-only, with STATE as /inst. The mounts vanish with the process,
# and its pid is this script's. Without /dev its programs hang.
exec unshare --mount --propagation private sh -euc '
root=$1 user=$2 state=$3
shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$state" "$root/inst"
exec chroot --userspec="$user" "$root" "$@"
' enter-root "$@"
