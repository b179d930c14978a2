# shellcheck shell=sh
# shellcheck source=steps.sh
# A whole round of a Linux host on one LUN: discovery to logout, with a file system and checksummed I/O between.
# Parameters: those of iscsi.sh and of file_system_round (workloads.sh).
. /scenario/steps.sh
# shellcheck source=workloads.sh
. /scenario/workloads.sh
# shellcheck source=iscsi.sh
. /scenario/iscsi.sh

iscsi_login
step inquiry sg_inq "$DEVICE"
step identification sg_vpd --page=di "$DEVICE"
step block-limits sg_vpd --page=bl "$DEVICE"
step provisioning sg_vpd --page=lbpv "$DEVICE"
step capacity sg_readcap --16 "$DEVICE"
file_system_round "$DEVICE"
iscsi_logout
mark ended
