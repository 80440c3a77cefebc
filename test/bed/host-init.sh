#!/bin/sh
# Pid 1 of a host of the bed. It gives the host its own view of the machine, starts its libvirtd, says "up" and then
# only reaps orphans, as pid 1 must: with unreaped children libvirt's probes of QEMU take tens of seconds.
# Environment: BED_HOST name, BED_DIR the host's directory, BED_ROOT cgroup.procs files of the host's root group,
# BED_CGROUPS "name:type:options" of the cgroup file systems to mount. Killing this process is the host's power-off.
set -eu
if [ "${1-}" != inside ]; then
  for procs in $BED_ROOT; do echo 0 >"$procs"; done
  exec unshare --cgroup sh "$0" inside
fi
mount --make-rprivate /
hostname "$BED_HOST"

umount -R -l /sys
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for cgroup in $BED_CGROUPS; do
  name=${cgroup%%:*} rest=${cgroup#*:}
  mkdir -p "/sys/fs/cgroup/$name"
  mount -t "${rest%%:*}" -o "${rest#*:}" cgroup "/sys/fs/cgroup/$name"
  echo 0 >"/sys/fs/cgroup/$name/system/cgroup.procs"
done

mount --bind "$BED_DIR/run" /run/libvirt
for part in lib log cache; do mount --bind "$BED_DIR/$part" "/var/$part/libvirt"; done
mount --bind "$BED_DIR/etc" /etc/libvirt
for file in hosts passwd group; do mount --bind "$BED_DIR/$file" "/etc/$file"; done

libvirtd --daemon --listen --timeout 0 --pid-file /run/libvirt/libvirtd.pid
echo up
exec >/dev/null
sleep infinity &
while :; do wait; done
