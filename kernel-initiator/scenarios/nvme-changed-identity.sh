# shellcheck shell=sh
# shellcheck source=steps.sh
# A volume that lost acknowledged writes must not come back under its old name: after its gateway restarts without the log,
# the kernel must see another namespace, never the old one with older content.
# The test waits for `MARK written`, then restarts the gateway with the log lost, within WAIT_SECONDS.
# NQN is required; ADDRESS, PORT, NSID, CONNECT_OPTIONS, RECONNECT_SECONDS and WAIT_SECONDS are optional. With KEEP_WRITING a
# program goes on writing and flushing from then on: the disk must fail under it, for it knows nothing of identities.
. /scenario/steps.sh

: "${NQN:?the subsystem to connect to}" "${ADDRESS:=$HOST_ADDRESS}" "${PORT:=4420}" "${NSID:=1}" "${CONNECT_OPTIONS:=}"
: "${RECONNECT_SECONDS:=1}" "${WAIT_SECONDS:=60}" "${KEEP_WRITING:=}"

# shellcheck disable=SC2086 # options are words
connect() {
  nvme connect -t tcp -a "$ADDRESS" -s "$PORT" -n "$NQN" --ctrl-loss-tmo=-1 --reconnect-delay="$RECONNECT_SECONDS" $CONNECT_OPTIONS
}
# What Linux knows a namespace by. The kernel's own memory (sysfs), not a fresh Identify: that is what it compares with.
identity() {
  for identity_kind in nguid uuid eui wwid; do
    echo "$identity_kind $(cat "/sys/block/${1##*/}/$identity_kind" 2>/dev/null)"
  done
}
value() { sed -n "s/^$2 //p" "$1"; }

step connect connect
await 10 namespace device "$NQN" "$NSID"
DEVICE=$(device "$NQN" "$NSID")
identity "$DEVICE" >/tmp/before
sed 's/^/BEFORE /' /tmp/before
step id-ns nvme id-ns "$DEVICE"
step write fio --name=pattern --filename="$DEVICE" --rw=write --bs=64k --size=4m --direct=1 --verify=pattern --verify_pattern=0x15746d75
writer=
if [ -n "$KEEP_WRITING" ]; then
  fio --name=writer --filename="$DEVICE" --rw=randwrite --bs=4k --size=64m --offset=8m --direct=1 --ioengine=libaio --iodepth=8 \
    --rate_iops=,400 --fsync=64 --time_based --runtime=$((WAIT_SECONDS * 4)) --eta=never </dev/null >/tmp/writer 2>&1 &
  writer=$!
fi
mark written

# The kernel revalidates after a reconnect; it then says so and drops the namespace, or just drops it.
noticed() { dmesg | grep -q 'identifiers changed' || ! device "$NQN" "$NSID"; }
await "$WAIT_SECONDS" notice noticed
echo "--- what the kernel said"
dmesg | grep -E 'nvme nvme|identifiers|nvme[0-9]+n' | tail -n 20
mark noticed
if [ -n "$writer" ]; then
  wait "$writer" && fail writer "(it wrote on over a disk that had changed)"
  sed -n 's/.*\(fio: .*error.*\|io_u error.*\)/WRITER \1/p' /tmp/writer | head -n 3
fi

# The new namespace comes with a rescan, or, when the whole subsystem has changed, with a new connection.
controller=$(find /sys/class/nvme -name 'nvme*' -type l -exec basename {} \; | head -n 1)
[ -z "$controller" ] || step rescan nvme ns-rescan "/dev/$controller"
# The old one may linger for a moment after the message.
# One identifier that differs is enough for the kernel to tell them apart. A volume may keep its UUID and change its NGUID
# alone; the wwid, which names the UUID where there is one, then stays.
another() { another_device=$(device "$NQN" "$NSID") && [ "$(identity "$another_device")" != "$(cat /tmp/before)" ]; }
ticks=0
until another || [ $ticks -ge 50 ]; do
  ticks=$((ticks + 1))
  sleep 0.1
done
if ! device "$NQN" "$NSID"; then
  echo "no namespace after the rescan: connecting anew"
  nvme disconnect -n "$NQN"
  step connect-again connect
  await 10 namespace-again device "$NQN" "$NSID"
fi
DEVICE=$(device "$NQN" "$NSID")
identity "$DEVICE" >/tmp/after
sed 's/^/AFTER /' /tmp/after
step id-ns-again nvme id-ns "$DEVICE"
another || fail identity "(every identifier is the old one)"
if [ -n "$(value /tmp/before nguid)" ] && [ "$(value /tmp/before nguid)" = "$(value /tmp/after nguid)" ]; then
  fail identity "(the NGUID is the old one)"
fi
step disconnect nvme disconnect -n "$NQN"
mark ended
