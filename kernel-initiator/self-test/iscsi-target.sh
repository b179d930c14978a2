# shellcheck shell=sh
# shellcheck source=../scenarios/steps.sh
# A peer that is not ours: Linux's own iSCSI target (LIO) in a second guest, over a loop device in memory. The self-test drives
# it by files in the shared folder: `cut` severs it, `heal` brings it back, `stop` ends it.
. /scenario/steps.sh

: "${IQN:?}" "${ADDRESS:?}" "${CHAP_USER:=}" "${CHAP_PASSWORD:=}"
config=/sys/kernel/config/target

modprobe -a target_core_mod target_core_iblock iscsi_target_mod loop
mount -t configfs configfs /sys/kernel/config
truncate -s 1G /tmp/disk
losetup /dev/loop0 /tmp/disk

backstore=$config/core/iblock_0/disk
group=$config/iscsi/$IQN/tpgt_1
mkdir -p "$backstore"
echo udev_path=/dev/loop0 >"$backstore/control"
echo 1 >"$backstore/enable"
# Without a serial number its VPD pages are malformed; with emulate_tpu alone it refuses the kernel's WRITE SAME.
echo 15746d75-self-test >"$backstore/wwn/vpd_unit_serial"
echo 1 >"$backstore/attrib/emulate_tpu"
echo 1 >"$backstore/attrib/emulate_tpws"
mkdir -p "$config/iscsi/$IQN"
mkdir "$group" "$group/lun/lun_0" || fail target
ln -s "$backstore" "$group/lun/lun_0/disk"
echo 0 >"$group/attrib/demo_mode_write_protect"
echo 1 >"$group/attrib/generate_node_acls"
echo 1 >"$group/attrib/cache_dynamic_acls"
if [ -n "$CHAP_USER" ]; then
  echo 1 >"$group/attrib/authentication"
  # LIO would take a newline for a part of the name.
  printf %s "$CHAP_USER" >"$group/auth/userid"
  printf %s "$CHAP_PASSWORD" >"$group/auth/password"
else
  echo 0 >"$group/attrib/authentication"
fi
mkdir "$group/np/$ADDRESS:3260"
echo 1 >"$group/enable"
mark serving

while sleep 0.1; do
  for order in cut heal stop; do
    [ -e "/share/$order" ] || continue
    rm "/share/$order"
    case $order in
      # Ends the sessions and refuses logins; taking the portal away would leave the sessions alone.
      cut) echo 0 >"$group/enable" ;;
      heal) echo 1 >"$group/enable" ;;
      stop) exit 0 ;;
    esac
    mark "$order"
  done
done
