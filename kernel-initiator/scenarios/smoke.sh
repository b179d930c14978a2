# shellcheck shell=sh
# shellcheck source=steps.sh
# Does the guest boot, load its modules and reach the host? PORT (optional): a TCP port on the host that must answer.
. /scenario/steps.sh

step kernel uname -a
step modules cat /proc/modules
grep -q '^nvme_tcp ' /proc/modules || fail modules "nvme_tcp is not loaded"
step nvme-version nvme version
step iscsi-module modprobe iscsi_tcp
step ping ping -c 2 -W 2 "$HOST_ADDRESS"
[ -z "${PORT:-}" ] || step tcp nc -w 3 "$HOST_ADDRESS" "$PORT" -e true # connects; that is all
step memory free -m
