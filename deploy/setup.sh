#!/usr/bin/env bash
# Installs what Wenshu needs on a Debian machine and is not there yet. Quick when nothing is missing.
#   deploy/setup.sh run    what serving needs: LibreOffice, pandoc, fonts, tesseract, libpdfium
#   deploy/setup.sh test   what the tests need besides: PostgreSQL, Chromium, Garage, npm packages of the test clients
#   deploy/setup.sh bench  what the bench of live editing needs: the peers that it measures beside Wenshu
#   deploy/setup.sh bench-search  what the bench of search needs: PostgreSQL and Groonga
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${WENSHU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wenshu}
pdfium_wheel=pypdfium2==5.15.2
garage_version=2.5.0
y_sweet_version=0.9.1

run_packages=(
  libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui
  pandoc
  fonts-noto-cjk fonts-dejavu fonts-opensymbol
  tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-osd
  build-essential pkg-config python3 python3-pip
)
test_packages=(postgresql chromium zstd strace litmus rclone cadaver unzip 7zip)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need() {
  command -v "$1" >/dev/null || { echo "$1 is missing: $2" >&2; exit 1; }
}

# libpdfium comes inside the Python wheel that packages it; only the library is taken out.
install_pdfium() {
  mkdir -p build
  [ -e build/libpdfium.so ] && return 0
  if [ ! -f "$cache/libpdfium.so" ]; then
    local work
    work=$(mktemp -d)
    python3 -m pip download -q --no-deps --only-binary=:all: -d "$work" "$pdfium_wheel"
    python3 -m zipfile -e "$work"/pypdfium2*.whl "$work/wheel"
    mkdir -p "$cache"
    mv "$work/wheel/pypdfium2_raw/libpdfium.so" "$cache/libpdfium.so"
    rm -rf "$work"
  fi
  cp "$cache/libpdfium.so" build/libpdfium.so
}

# The S3 server of the tests. It is a test peer only; nothing of it is shipped.
install_garage() {
  mkdir -p build
  if [ ! -x "$cache/garage/bin/garage" ]; then
    echo "building the S3 server for the tests (garage $garage_version, once, 5 to 10 minutes)"
    CARGO_TARGET_DIR="$cache/garage-target" cargo install -q garage --version "$garage_version" --locked --root "$cache/garage"
    rm -rf "$cache/garage-target"
  fi
  ln -sfn "$cache/garage" build/garage
}

# A peer of the bench; nothing of it is shipped.
install_y_sweet() {
  [ ! -x "$cache/y-sweet/bin/y-sweet" ] || return 0
  echo "building a peer for the bench (y-sweet $y_sweet_version, once, 3 to 5 minutes)"
  CARGO_TARGET_DIR="$cache/y-sweet-target" cargo install -q y-sweet --version "$y_sweet_version" --locked --root "$cache/y-sweet"
  rm -rf "$cache/y-sweet-target"
}

npm_packages() {
  [ -f "$1/node_modules/.package-lock.json" ] && [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return 0
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error)
  touch "$1/node_modules/.package-lock.json"
}

case "${1:-run}" in
run)
  need cargo "install Rust 1.95 or newer"
  need npm "install Node.js 20 or newer"
  install_packages "${run_packages[@]}"
  install_pdfium
  npm_packages web
  ;;
test)
  "$0" run
  install_packages "${test_packages[@]}"
  install_garage
  npm_packages tests/clients
  npm_packages tests/e2e
  ;;
bench)
  need cargo "install Rust 1.95 or newer"
  need npm "install Node.js 20 or newer"
  install_packages build-essential pkg-config python3
  install_pdfium
  install_y_sweet
  npm_packages benches/peers
  ;;
bench-search)
  need cargo "install Rust 1.95 or newer"
  install_packages build-essential pkg-config postgresql groonga-bin
  install_pdfium
  ;;
*)
  echo "usage: $0 run|test|bench|bench-search" >&2
  exit 2
  ;;
esac
