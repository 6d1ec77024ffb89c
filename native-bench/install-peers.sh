#!/usr/bin/env bash
# Brings the tools that Holdfast is measured against into a folder outside the checkout.
#
#   install-peers.sh [--borg] [DIR]     DIR defaults to $HOLDFAST_BENCH_DIR, else /var/tmp/holdfast-bench
#
# DIR/bin/restic   the static binary out of Debian unstable's package (current, while stable's is years old)
# DIR/bin/borg     only with --borg, which needs root and debootstrap: borg 1.4 is Python, so it runs inside a small
#                  unstable root in DIR/sid; DIR is bound to the same path in there, so that paths mean the same inside
#                  and outside
# DIR/bin/borg2    borg 2, which comes with it and lives in the same root
#
# What is there already is left alone; remove it (DIR/bin/restic, DIR/sid) to get the current version. Nothing on the
# system is changed: apt gets its own lists and cache below DIR, and the mirror is the one that the system's own apt
# sources name.
set -euo pipefail

with_borg=no
dir=${HOLDFAST_BENCH_DIR:-/var/tmp/holdfast-bench}
for argument in "$@"; do
  case $argument in
    --borg) with_borg=yes ;;
    -h | --help) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "install-peers.sh: unknown option $argument" >&2; exit 2 ;;
    *) dir=$argument ;;
  esac
done
dir=$(realpath -m "$dir")

# The first Debian archive of the system's sources, in either of apt's two syntaxes. Security and backports archives
# hold no unstable, so only a URI that ends in /debian counts.
debian_mirror() {
  { cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null || true; } | awk '
    $1 == "URIs:" || $1 == "deb" {
      for (field = 2; field <= NF; field++) if ($field ~ /\/debian\/?$/) { print $field; exit }
    }'
}

mirror=$(debian_mirror)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
if [ -z "$mirror" ] || [ ! -r "$keyring" ]; then
  echo "install-peers.sh: needs a Debian system (an apt source and $keyring); put restic into $dir/bin yourself" >&2
  exit 1
fi

install_restic() {
  if [ -x "$dir/bin/restic" ]; then return; fi
  local apt=$dir/apt/sid
  mkdir -p "$dir/bin" "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/download"
  echo "deb [signed-by=$keyring] $mirror sid main" > "$apt/sources.list"
  local options=(
    -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=-
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root
  )
  apt-get "${options[@]}" update -qq
  rm -rf "$apt/download"/* "$apt/unpacked"
  (cd "$apt/download" && apt-get "${options[@]}" download -qq restic)
  dpkg -x "$apt"/download/restic_*.deb "$apt/unpacked"
  install -m 755 "$apt/unpacked/usr/bin/restic" "$dir/bin/restic"
  "$dir/bin/restic" version
}

install_borg() {
  [ "$(id -u)" = 0 ] || { echo "install-peers.sh: --borg needs root (debootstrap and chroot)" >&2; exit 1; }
  command -v debootstrap >/dev/null || { echo "install-peers.sh: --borg needs debootstrap installed" >&2; exit 1; }
  # Unstable changes daily: the first configure pass can fail where a second one goes through. borg2 is the last to come.
  for _ in 1 2; do
    [ -x "$dir/sid/usr/bin/borg2" ] || debootstrap --variant=minbase --include=borgbackup,borgbackup2 sid "$dir/sid" "$mirror" >/dev/null || true
  done
  [ -x "$dir/sid/usr/bin/borg2" ] || { echo "install-peers.sh: debootstrap did not finish, see $dir/sid/debootstrap" >&2; exit 1; }
  mkdir -p "$dir/bin" "$dir/sid$dir"
  install_wrapper borg
  install_wrapper borg2
}

# The mounts live in a namespace of their own and end with the command, so that removing DIR can never reach through one.
install_wrapper() {
  cat > "$dir/bin/$1" <<WRAPPER
#!/bin/sh
exec unshare --mount --propagation private sh -c '
  mount -t proc proc "$dir/sid/proc" && mount --rbind /dev "$dir/sid/dev" && mount --bind "$dir" "$dir/sid$dir" &&
  exec chroot "$dir/sid" /bin/sh -c '\''cd "\$0" && exec /usr/bin/$1 "\$@"'\'' "\$@"' $1 "\$PWD" "\$@"
WRAPPER
  chmod 755 "$dir/bin/$1"
  (cd "$dir" && "bin/$1" --version)
}

install_restic
if [ "$with_borg" = yes ]; then install_borg; fi
