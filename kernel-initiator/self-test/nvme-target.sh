# shellcheck shell=sh
# shellcheck source=../scenarios/steps.sh
# A peer that is not ours: Linux's own NVMe/TCP target in a second guest, over a loop device in memory. The self-test drives
# it by files in the shared folder: `cut` severs it, `heal` brings it back, `new-identity` changes what it calls itself,
# `corrupt` damages what it holds, `stop` ends it.
. /scenario/steps.sh

: "${NQN:?}" "${ADDRESS:?}" "${DHCHAP_KEY:=}" "${HOST_NQN:=}"
config=/sys/kernel/config/nvmet

modprobe -a nvmet nvmet-tcp loop
mount -t configfs configfs /sys/kernel/config
truncate -s 1G /tmp/disk
losetup /dev/loop0 /tmp/disk

subsystem=$config/subsystems/$NQN
namespace=$subsystem/namespaces/1
port=$config/ports/1
identify() { # as the gateway would after its log was lost: another NGUID and another UUID
  echo 0 >"$namespace/enable"
  echo "$1" >"$namespace/device_nguid"
  cat /proc/sys/kernel/random/uuid >"$namespace/device_uuid"
  echo 1 >"$namespace/enable"
}
mkdir "$subsystem" "$namespace" "$port"
echo 1 >"$subsystem/attr_allow_any_host"
if [ -n "$DHCHAP_KEY" ]; then
  mkdir "$config/hosts/$HOST_NQN"
  echo "$DHCHAP_KEY" >"$config/hosts/$HOST_NQN/dhchap_key"
  echo 0 >"$subsystem/attr_allow_any_host"
  ln -s "$config/hosts/$HOST_NQN" "$subsystem/allowed_hosts/$HOST_NQN"
fi
echo /dev/loop0 >"$namespace/device_path"
identify 11111111-1111-1111-1111-111111111111
echo tcp >"$port/addr_trtype"
echo ipv4 >"$port/addr_adrfam"
echo "$ADDRESS" >"$port/addr_traddr"
echo 4420 >"$port/addr_trsvcid"
serve() { ln -s "$subsystem" "$port/subsystems/$NQN"; }
serve || fail serve
mark serving

while sleep 0.1; do
  for order in cut heal new-identity corrupt stop; do
    [ -e "/share/$order" ] || continue
    rm "/share/$order"
    case $order in
      cut) rm "$port/subsystems/$NQN" ;;
      heal) serve ;;
      new-identity) identify 22222222-2222-2222-2222-222222222222 ;;
      # Past ext4's metadata at the start, in every 1 MiB one block.
      corrupt)
        for mebibyte in $(seq 8 1023); do
          dd if=/dev/urandom of=/dev/loop0 bs=4k count=1 seek=$((mebibyte * 256 + 7)) conv=notrunc 2>/dev/null
        done
        sync
        ;;
      stop) exit 0 ;;
    esac
    mark "$order"
  done
done
