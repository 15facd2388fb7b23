#!/usr/bin/env bash
# Build and run images as root with no daemon and no registry, on a base that is made here: Debian and a CPython.
# usage: tests/image.sh install | base | build CONTEXT TAG [OPTIONS...] | run OPTIONS... TAG [ARGUMENTS...] | clean
set -euo pipefail
store=${IMAGE_STORE:-${TMPDIR:-/tmp}/apt-settings-images}
base=docker.io/library/python:3.12-slim
other_base=docker.io/library/python:other-slim
packages=(buildah podman conmon runc debootstrap)
buildah=(buildah --root "$store/store" --runroot "$store/run" --storage-driver overlay)
export BUILDAH_ISOLATION=chroot TMPDIR=${TMPDIR:-/tmp} CONTAINERS_STORAGE_CONF=$store/storage.conf

install_tools() {
  for package in "${packages[@]}"; do
    command -v "$package" >/dev/null && continue
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    return
  done
}

prepare_store() {
  mkdir -p "$store"
  printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$store/store" "$store/run" >"$CONTAINERS_STORAGE_CONF"
}

make_base() {
  prepare_store
  "${buildah[@]}" inspect --type image "$base" >/dev/null 2>&1 && return
  local prefix container
  prefix=$(find "${PYENV_ROOT:-$HOME/.pyenv}/versions" -maxdepth 1 -name '3.12.*' | sort -V | tail -n 1)
  [ -x "$prefix/bin/python3" ] || { echo "image.sh: no CPython 3.12 under pyenv" >&2; return 1; }
  make_debian
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" add -q "$container" "$store/debian" / >/dev/null
  for part in "bin/python3.12" "lib/python3.12" lib/libpython3*.so*; do
    for file in "$prefix"/$part; do
      [ -e "$file" ] && "${buildah[@]}" add -q "$container" "$file" "/usr/local/${file#"$prefix"/}" >/dev/null
    done
  done
  "${buildah[@]}" config --env PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env LANG=C.UTF-8 --cmd python3 \
    --os linux --arch amd64 "$container"
  "${buildah[@]}" run "$container" -- sh -c '
    rm -rf /usr/local/lib/python3.12/site-packages/* /usr/local/lib/python3.12/test
    ln -s python3.12 /usr/local/bin/python3 && ln -s python3 /usr/local/bin/python
    ldconfig && python3 -m ensurepip --default-pip' >/dev/null 2>&1
  "${buildah[@]}" commit -q "$container" "$base" >/dev/null
  "${buildah[@]}" tag "$base" "$other_base"
  "${buildah[@]}" rm "$container" >/dev/null
}

# The libraries that CPython links, and this machine's certificates, with which pip reaches its registry here.
make_debian() {
  [ -e "$store/debian.done" ] && return
  rm -rf "$store/debian"
  local mirror libraries=libbz2-1.0,libffi8,libreadline8,libsqlite3-0,libssl3,libuuid1,liblzma5,zlib1g,libexpat1
  mirror=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources)
  debootstrap --variant=minbase --include="ca-certificates,netbase,$libraries" bookworm "$store/debian" "$mirror" >"$store/debian.log" 2>&1 ||
    { tail -n 20 "$store/debian.log" >&2; return 1; }
  rm -rf "$store"/debian/var/cache/apt/archives/*.deb "$store"/debian/var/lib/apt/lists/*
  cp /etc/ssl/certs/ca-certificates.crt "$store/debian/etc/ssl/certs/ca-certificates.crt"
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$store/debian/etc/pip.conf"
  touch "$store/debian.done"
}

build() {
  prepare_store
  "${buildah[@]}" rmi "$2" >/dev/null 2>&1 || true
  "${buildah[@]}" build --pull-never --layers=false --network=host --format docker -t "$2" "${@:3}" "$1"
}

# Limits may only go down where root lacks CAP_SYS_RESOURCE, and a health check needs a timer of systemd's.
run() {
  prepare_store
  local files processes
  files=$(ulimit -Hn)
  processes=$(ulimit -Hu)
  if [ "$processes" = unlimited ] || [ "$processes" -gt 32768 ]; then processes=32768; fi
  podman --root "$store/store" --runroot "$store/run" --storage-driver overlay --cgroup-manager cgroupfs --runtime runc \
    --log-level error run --rm --network none --no-healthcheck --ulimit "nofile=$files:$files" \
    --ulimit "nproc=$processes:$processes" "$@"
}

clean() {
  prepare_store
  "${buildah[@]}" rm -a >/dev/null 2>&1 || true
  "${buildah[@]}" rmi -a -f >/dev/null 2>&1 || true
  rm -rf "$store"
}

case ${1:-} in
  install) install_tools ;;
  base) make_base ;;
  build) build "${@:2}" ;;
  run) run "${@:2}" ;;
  clean) clean ;;
  *) sed -n 2,3p "$0" >&2; exit 2 ;;
esac
