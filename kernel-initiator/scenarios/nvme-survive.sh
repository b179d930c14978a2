# shellcheck shell=sh
# shellcheck source=steps.sh
# A host that goes on writing while its gateway dies and comes back: no error may reach the file system, no byte may differ.
# The test waits for `MARK fio-running`, kills the gateway and starts it again, within FIO_SECONDS.
# NQN is required; ADDRESS, PORT, NSID, CONNECT_OPTIONS, RECONNECT_SECONDS, RECONNECTS (how many at least) are optional, and
# those of write_through_outage (workloads.sh).
. /scenario/steps.sh
# shellcheck source=workloads.sh
. /scenario/workloads.sh

: "${NQN:?the subsystem to connect to}" "${ADDRESS:=$HOST_ADDRESS}" "${PORT:=4420}" "${NSID:=1}" "${CONNECT_OPTIONS:=}"
: "${RECONNECT_SECONDS:=1}"

# shellcheck disable=SC2086 # options are words
step connect nvme connect -t tcp -a "$ADDRESS" -s "$PORT" -n "$NQN" --ctrl-loss-tmo=-1 \
  --reconnect-delay="$RECONNECT_SECONDS" $CONNECT_OPTIONS
await 10 namespace device "$NQN" "$NSID"
DEVICE=$(device "$NQN" "$NSID")

# The paths are counted (nvme0c0n1): a multipath device of this kernel has no statistics of its own.
write_through_outage "$DEVICE" '/sys/block/nvme*c*n*/stat' '/sys/class/nvme/nvme*/state'
echo "--- what the kernel said about the connection"
dmesg | grep 'nvme nvme' | tail -n 400 # four lines for each second of an outage
expect_reconnects 'nvme nvme[0-9]*: Successfully reconnected'
step disconnect nvme disconnect -n "$NQN"
mark ended
