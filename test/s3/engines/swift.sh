#!/usr/bin/env bash
# OpenStack Swift with its S3 interface for the tests, of Debian's packages, on 127.0.0.1 only: a real store whose conditional
# puts are worth nothing. Needs root, apt and namespaces.
#
#   swift.sh install            installs the packages into a root of their own, once: 49 s, 330 MB
#   swift.sh start DIR [PORT]   starts what does not run of the store in DIR; the first time, makes it (with PORT)
#   swift.sh stop DIR           ends it in order; `start` goes on with what it holds
#   swift.sh kill9 DIR [PART]   SIGKILL for proxy, object, container, account, updater, memcached, or everything
#   swift.sh status DIR         says of each part whether it runs
#   swift.sh access DIR         prints endpoint and keys
#   swift.sh in DIR COMMAND     runs a command of the packages
#   swift.sh hold DIR PORT      makes DIR ready for `start`; when standard input ends, all of it ends and DIR is removed
#
# Environment:
#   HOLDFAST_TEST_ENGINES   where roots are installed; by default holdfast-test-engines in the user's cache folder
#   HOLDFAST_ENGINE_SUITE   trixie (Swift 2.35, the default: refuses conditional puts with 501), sid (2.38: takes them and lets
#                           several win) or bookworm (2.30)
#   HOLDFAST_ENGINE_STALE   set: takes an index of packages whose time is over, as of an aged mirror of sid
# and, for a store that is made:
#   REPLICAS                devices, each of which has a copy (1)
#   SECRET_KEY              what its only user signs with
#
# It takes PORT (S3) to PORT+4.
engine=swift
packages=swift-proxy,swift-account,swift-container,swift-object,memcached
witness=/usr/bin/swift-proxy-server
inner_folders=etc/swift
part_order='proxy updater object container account memcached'
# shellcheck source=engine.sh
. "$(dirname "$(realpath "$0")")/engine.sh"

mount_more() {
  mkdir -p "$dir/etc"
  mount --bind "$dir/etc" "$root/etc/swift"
}

write_settings() {
  printf '%s=%q\n' port "$port" suite "$suite" root "$root" replicas "${REPLICAS:-1}" \
    secret_key "${SECRET_KEY:-holdfast-test-secret}" >"$dir/settings.new"
  mv "$dir/settings.new" "$dir/settings"
}

show_access() {
  printf 'endpoint=http://127.0.0.1:%s\naccessKeyId=holdfast:test\nsecretAccessKey=%s\nregion=us-east-1\n' \
    "$port" "$secret_key"
}

port_of() {
  case $1 in
    proxy) echo "$port" ;;
    object) echo $((port + 1)) ;;
    container) echo $((port + 2)) ;;
    account) echo $((port + 3)) ;;
    memcached) echo $((port + 4)) ;;
  esac
}

default_section() {
  cat <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $(port_of "$1")
user = root
swift_dir = /etc/swift
devices = $lab/devices
mount_check = false
fallocate_reserve = 0
workers = 2
log_level = WARNING
recon_cache_path = $lab/cache
CONF
}

write_server_conf() {
  default_section "$1"
  cat <<CONF
[pipeline:main]
pipeline = healthcheck $1-server
[app:$1-server]
use = egg:swift#$1
[filter:healthcheck]
use = egg:swift#healthcheck
[object-updater]
interval = 5
CONF
}

write_proxy_conf() {
  local filter
  default_section proxy
  cat <<CONF
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$(port_of memcached)
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_upload_part_num = 10000
multi_delete_concurrency = 8
[filter:tempauth]
use = egg:swift#tempauth
user_holdfast_test = $secret_key .admin
[filter:slo]
use = egg:swift#slo
max_manifest_segments = 10000
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
CONF
  for filter in catch_errors gatekeeper healthcheck listing_formats bulk copy dlo symlink; do
    printf '[filter:%s]\nuse = egg:swift#%s\n' "$filter" "$filter"
  done
}

make_ring() {
  local device builder=(swift-ring-builder "/etc/swift/$1.builder")
  in_root "${builder[@]}" create 6 "$replicas" 0
  for ((device = 1; device <= replicas; device++)); do
    in_root "${builder[@]}" add --region 1 --zone "$device" --ip 127.0.0.1 --port "$(port_of "$1")" \
      --device "d$device" --weight 1
  done
  in_root "${builder[@]}" rebalance
}

make_store() {
  local etc=$dir/etc device part
  for ((device = 1; device <= replicas; device++)); do mkdir -p "$dir/devices/d$device"; done
  mkdir -p "$dir/cache"
  printf '[swift-hash]\nswift_hash_path_suffix = test\nswift_hash_path_prefix = test\n[storage-policy:0]\nname = gold\ndefault = yes\n' \
    >"$etc/swift.conf"
  printf '[memcache]\nmemcache_servers = 127.0.0.1:%s\n' "$(port_of memcached)" >"$etc/memcache.conf"
  write_proxy_conf >"$etc/proxy-server.conf"
  for part in object container account; do
    write_server_conf "$part" >"$etc/$part-server.conf"
    make_ring "$part" >>"$dir/make.out" 2>&1
  done
}

start_parts() {
  local part
  if [ ! -e "$dir/ready" ]; then
    # What an interrupted start left is no beginning. The folder etc stays: it is mounted.
    end_parts KILL 0 $(parts_of all)
    rm -rf "$dir"/etc/* "$dir"/{devices,cache,make.out}
    make_store
  fi
  begin memcached memcached -u root -l 127.0.0.1 -p "$(port_of memcached)" -U 0 -m 64
  for part in account container object; do begin "$part" "swift-$part-server" "/etc/swift/$part-server.conf"; done
  begin updater swift-object-updater /etc/swift/object-server.conf
  begin proxy swift-proxy-server /etc/swift/proxy-server.conf
  for part in account container object proxy; do wait_for "$part" answers "$(port_of "$part")" /healthcheck; done
  touch "$dir/ready"
}

engine_main "$@"
