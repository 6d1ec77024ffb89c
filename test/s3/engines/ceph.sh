#!/usr/bin/env bash
# A real Ceph for the tests: a monitor, object storage daemons and the S3 gateway of Debian's packages, on 127.0.0.1 only.
# Needs root, apt and namespaces; no docker, no systemd.
#
#   ceph.sh install            installs the packages into a root of their own, once: 36 s, 500 MB
#   ceph.sh start DIR [PORT]   starts what does not run of the cluster in DIR; the first time, makes it (with PORT)
#   ceph.sh stop DIR           ends it in order; `start` goes on with what it holds
#   ceph.sh kill9 DIR [PART]   SIGKILL for mon, osd (all), osd1, rgw, or everything; `start` brings it back
#   ceph.sh status DIR         says of each part whether it runs
#   ceph.sh access DIR         prints endpoint and keys
#   ceph.sh in DIR COMMAND     runs a command of the packages, as `in DIR ceph -c /lab/ceph.conf -s`
#   ceph.sh hold DIR PORT      makes DIR ready for `start`; when standard input ends, all of it ends and DIR is removed
#
# Environment:
#   HOLDFAST_TEST_ENGINES   where roots are installed; by default holdfast-test-engines in the user's cache folder
#   HOLDFAST_ENGINE_SUITE   trixie (Ceph 18.2, the default), sid (20.2) or bookworm (16.2)
#   HOLDFAST_ENGINE_STALE   set: takes an index of packages whose time is over, as of an aged mirror of sid
# and, for a cluster that is made:
#   OSDS                    daemons, each of which has a copy (1)
#   STORE                   memstore (quick, gone when its daemon ends; the default) or bluestore
#   OSD_GB                  the most that one daemon can hold (8)
#   ACCESS_KEY, SECRET_KEY  what its only user signs with
#
# It takes PORT (S3), PORT+1 (monitor) and of the 60 behind them what the storage daemons need.
engine=ceph
packages=ceph-mon,ceph-osd,radosgw,ceph-common
witness=/usr/bin/radosgw
inner_folders=
part_order='rgw osd mon'
# shellcheck source=engine.sh
. "$(dirname "$(realpath "$0")")/engine.sh"

conf=$lab/ceph.conf

mount_more() { :; }

write_settings() {
  printf '%s=%q\n' port "$port" suite "$suite" root "$root" osds "${OSDS:-1}" store "${STORE:-memstore}" \
    bytes "$((${OSD_GB:-8} << 30))" access_key "${ACCESS_KEY:-holdfast-test-access}" \
    secret_key "${SECRET_KEY:-holdfast-test-secret}" >"$dir/settings.new"
  mv "$dir/settings.new" "$dir/settings"
}

show_access() {
  printf 'endpoint=http://127.0.0.1:%s\naccessKeyId=%s\nsecretAccessKey=%s\nregion=us-east-1\n' \
    "$port" "$access_key" "$secret_key"
}

# Small and quick: no copies beyond the daemons, few placement groups, proposals without a pause. With `auth = none` the
# gateway of 20.2 loops for ever, so one keyring serves all. Without tcp_nodelay each GET takes 40 ms longer.
write_conf() {
  cat >"$dir/ceph.conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = v2:127.0.0.1:$((port + 1))
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
ms_bind_msgr1 = false
ms_bind_port_min = $((port + 2))
ms_bind_port_max = $((port + 61))
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = $lab/keyring
osd_pool_default_size = $osds
osd_pool_default_min_size = $((osds > 2 ? 2 : 1))
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 2000
osd_crush_chooseleaf_type = 0
mon_osd_min_down_reporters = 1
mon_data_avail_crit = 1
mon_data_avail_warn = 2
run_dir = $lab/run
admin_socket = $lab/run/\$name.asok
log_file = $lab/\$name.log
crash_dir = $lab/crash
pid_file =
setuser =
setgroup =
err_to_stderr = true
[mon]
mon_data = $lab/mon.\$id
paxos_propose_interval = 0.05
paxos_min_wait = 0.02
[osd]
osd_data = $lab/osd.\$id
osd_objectstore = $store
bluestore_block_size = $bytes
bluestore_block_wal_create = false
bluestore_block_db_create = false
memstore_device_bytes = $bytes
osd_memory_target = 1073741824
osd_op_queue = wpq
osd_mclock_skip_benchmark = true
osd_pool_default_read_lease_ratio = 0.2
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw_enable_apis = s3, admin
rgw_thread_pool_size = 64
rgw_data = $lab/rgw
CONF
}

make_keyring() {
  local osd arguments=(ceph-authtool -C "$lab/keyring")
  in_root "${arguments[@]}" --gen-key -n mon. --cap mon 'allow *'
  arguments=(ceph-authtool "$lab/keyring" --gen-key)
  in_root "${arguments[@]}" -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  in_root "${arguments[@]}" -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx' --cap mgr 'allow rw'
  for ((osd = 0; osd < osds; osd++)); do
    in_root "${arguments[@]}" -n "osd.$osd" --cap mon 'allow profile osd' --cap osd 'allow *'
  done
}

make_monitor() {
  local fsid
  fsid=$(sed -n 's/^fsid = //p' "$dir/ceph.conf")
  mkdir "$dir/mon.a"
  in_root monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$((port + 1))]" "$lab/monmap"
  in_root ceph-mon -c "$conf" --mkfs -i a --monmap "$lab/monmap" --keyring "$lab/keyring"
}

# Their file systems at once: each takes seconds, most of which it waits.
make_osds() {
  local osd uuid making=()
  for ((osd = 0; osd < osds; osd++)); do
    uuid=$(cat /proc/sys/kernel/random/uuid)
    mkdir "$dir/osd.$osd"
    in_root ceph -c "$conf" --connect-timeout 60 osd new "$uuid" "$osd"
    in_root ceph-osd -c "$conf" -i "$osd" --mkfs --osd-uuid "$uuid" &
    making+=($!)
  done
  for osd in "${making[@]}"; do wait "$osd"; done
}

make_user() {
  local admin=(radosgw-admin -c "$conf" -n client.rgw)
  in_root "${admin[@]}" user info --uid=test || in_root "${admin[@]}" user create --uid=test --display-name=test \
    --access-key="$access_key" --secret-key="$secret_key" --max-buckets=0
}

# After a SIGKILL the map still shows the old daemon as up: a gateway that is started before the new one loses 10 s.
has_booted() { tail -c "+$(($2 + 1))" "$dir/osd.$1.log" | grep -q 'booting -> active'; }

start_osds() {
  local osd log_ends=()
  for ((osd = 0; osd < osds; osd++)); do
    if is_alive "osd$osd"; then continue; fi
    log_ends[osd]=$(stat -c %s "$dir/osd.$osd.log" 2>/dev/null || echo 0)
    begin "osd$osd" ceph-osd -f -c "$conf" -i "$osd"
  done
  for osd in "${!log_ends[@]}"; do wait_for "osd$osd" has_booted "$osd" "${log_ends[osd]}"; done
}

start_parts() {
  if [ ! -e "$dir/ready" ]; then
    # What an interrupted start left is no beginning.
    end_parts KILL 0 $(parts_of all)
    rm -rf "$dir"/{mon,osd}* "$dir"/{run,crash,rgw,keyring,make.out}
    mkdir "$dir"/{run,crash,rgw}
    write_conf
    { make_keyring && make_monitor; } >>"$dir/make.out" 2>&1
  fi
  is_alive mon || rm -f "$dir/run/mon.a.asok"
  begin mon ceph-mon -f -c "$conf" -i a
  wait_for mon test -S "$dir/run/mon.a.asok"
  [ -e "$dir/ready" ] || make_osds >>"$dir/make.out" 2>&1
  start_osds
  begin rgw radosgw -f -c "$conf" -n client.rgw
  [ -e "$dir/ready" ] || wait_for rgw make_user
  wait_for rgw answers "$port" /
  touch "$dir/ready"
}

engine_main "$@"
