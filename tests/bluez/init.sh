#!/bin/busybox sh
# First program of the guest: shows it the host's root, read-only under a memory overlay, and hands over.
# It runs from the initramfs, where busybox is all there is.
/bin/busybox mkdir -p /proc /sys /dev /lower /rw /root
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "$module"; done < /modules/order
options=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o $options,ro,cache=loose host /lower
mount -t tmpfs rw /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work root /root
mkdir -p /root/run/unstuck
mount -t tmpfs run /root/run
mkdir -p /root/run/out
mount -t 9p -o $options out /root/run/out
for place in proc sys dev; do mount --move /$place /root/$place; done
exec switch_root /root /bin/sh /run/out/system.sh
