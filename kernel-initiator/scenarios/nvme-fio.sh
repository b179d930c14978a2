# shellcheck shell=sh
# shellcheck source=steps.sh
# A whole round of a Linux host on one namespace: discovery to disconnect, with a file system and checksummed I/O between.
# NQN is required; ADDRESS, PORT, NSID and CONNECT_OPTIONS (say "--hdr-digest --data-digest") are optional, and those of
# file_system_round (workloads.sh).
. /scenario/steps.sh
# shellcheck source=workloads.sh
. /scenario/workloads.sh

: "${NQN:?the subsystem to connect to}" "${ADDRESS:=$HOST_ADDRESS}" "${PORT:=4420}" "${NSID:=1}" "${CONNECT_OPTIONS:=}"

discover() { nvme discover -t tcp -a "$ADDRESS" -s "$PORT" | tee /tmp/discovery; }
step discover discover
grep -q "subnqn: *$NQN\$" /tmp/discovery || fail discover "(the log does not list $NQN)"

# shellcheck disable=SC2086 # options are words
step connect nvme connect -t tcp -a "$ADDRESS" -s "$PORT" -n "$NQN" --ctrl-loss-tmo=-1 $CONNECT_OPTIONS
await 10 namespace device "$NQN" "$NSID"
DEVICE=$(device "$NQN" "$NSID")
mark connected

step list nvme list
step list-subsys nvme list-subsys
step id-ctrl nvme id-ctrl "$DEVICE"
step id-ns nvme id-ns "$DEVICE"
step smart-log nvme smart-log "$DEVICE"

file_system_round "$DEVICE"
step disconnect nvme disconnect -n "$NQN"
mark ended
