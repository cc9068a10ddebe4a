# The guest's system: BlueZ on the host's controller, and jobs for as long as the host holds the line.
# It runs as process 1 on the host's own programs. /run/out is the one folder that the host sees.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
say() { echo "guest: $*" > /dev/console; }
power_off() { say "power off"; sync; echo o > /proc/sysrq-trigger; while :; do :; done; }

say "up with Linux $(uname -r)"
. /run/out/settings
(sleep "$LIFE_S"; say "its life of $LIFE_S s is over"; power_off) &

mkdir -p /dev/pts /dev/shm /run/dbus /run/lock /lib/modules
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount --bind "$MODULES" /lib/modules
ip link set lo up
for module in virtio_console hci_uart bluetooth virtio_net; do modprobe "$module" || say "module $module: status $?"; done

ip address add 10.0.2.15/24 dev eth0 && ip link set eth0 up || say "network: status $?"

dbus-daemon --system --fork --nopidfile || say "dbus-daemon: status $?"
btmon -w /run/out/trace.btsnoop > /run/out/btmon.log 2>&1 &
btattach -B /dev/hvc0 -P h4 -S 115200 -N > /run/out/btattach.log 2>&1 &

# BlueZ 5.66 dies of some faults that are tested here. As in the field, something starts it again.
# bluetoothctl is the agent without which pairing never ends; it has to speak to the daemon that is alive.
bluez() {
    while :; do
        "$BLUETOOTHD" -n >> /run/out/bluetoothd.log 2>&1 &
        daemon=$!
        echo $daemon > /run/bluetoothd.pid
        (printf 'agent NoInputNoOutput\ndefault-agent\npairable on\n'; exec sleep "$LIFE_S") |
            bluetoothctl >> /run/out/bluetoothctl.log 2>&1 &
        agent=$!
        wait $daemon
        say "bluetoothd ended with status $?"
        kill $agent
    done
}
bluez &

until [ -e /sys/class/bluetooth/hci0 ]; do sleep 0.1; done
say "hci0 is here"
until bluetoothctl show 2>/dev/null | grep -q "Powered: yes"; do sleep 0.1; done
say "hci0 has power"

for port in /sys/class/virtio-ports/*; do
    [ "$(cat "$port/name" 2>/dev/null)" = jobs ] && line=/dev/${port##*/}
done
exec 3<>"$line"
say "ready for jobs"
# The line ends when the host closes it, or is gone.
while read -r job limit_s <&3; do
    (
        cd "/run/out/$job" || exit
        timeout -k 5 "$limit_s" sh ./run > stdout 2> stderr < /dev/null
        echo "$job $?" >&3
    ) &
done
power_off
