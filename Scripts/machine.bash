# What Scripts/run and Scripts/test need of the machine. Sourced by them.

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The libraries that visavis links, and what the Swift toolchain needs to build and link.
build_packages=(
  libsrtp2-dev libssl-dev libsqlite3-dev libopus-dev libvpx-dev libpng-dev
  pkg-config
  git ca-certificates binutils g++ libc6-dev libcurl4-openssl-dev zlib1g-dev
)

# missing_packages NAME... prints the names that are not installed.
missing_packages() {
  local name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || echo "$name"
  done
}

# need_packages NAME... installs what is missing, or says what is missing and how to install it.
need_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian or Ubuntu: make sure that you have what these packages hold: $*"
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      fail "these packages are missing, and this user may not install them:
  ${missing[*]}
Install them, then run this again:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    fi
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  without_services "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "apt-get could not install: ${missing[*]}"
  local name
  for name in "${missing[@]}"; do
    # Nor with the next start of the machine. Works where no systemd runs, too.
    if [ -e "/lib/systemd/system/$name.service" ] && command -v systemctl >/dev/null; then
      "${as_root[@]}" systemctl --quiet disable "$name.service" >/dev/null 2>&1 || true
    fi
  done
}

# without_services COMMAND... runs it, which installs packages; no daemon of theirs is started (a
# coturn on 3478, a prometheus on 9090): the tests start their own. A policy that the machine has
# already stays as it is.
without_services() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap '"${as_root[@]}" rm -f $policy' EXIT
    # Exit status 101: the action is forbidden (invoke-rc.d and deb-systemd-invoke ask this).
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
    "${as_root[@]}" chmod 755 $policy
  fi
  "$@"
)

# need_swift checks that a Swift toolchain of at least 6.2 is in the PATH.
need_swift() {
  command -v swift >/dev/null ||
    fail "there is no swift in the PATH; install Swift 6.2 or newer: https://www.swift.org/install"
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' |
    head -n 1)
  [ -n "$version" ] || fail "\`swift --version\` does not say a version"
  local major=${version%%.*} minor=${version##*.}
  if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
    fail "Swift $version is too old; install 6.2 or newer: https://www.swift.org/install"
  fi
  echo "Swift $version"
}

# What the tests need besides: Python, certificates, a TURN server, a Prometheus, what reads a recording,
# another WebRTC stack, and browsers with a made-up camera. Ubuntu has its browsers as snaps only: see Scripts/test.
test_packages=(
  python3 python3-venv openssl coturn iproute2 nftables prometheus ffmpeg
  python3-gi gir1.2-gst-plugins-bad-1.0 gstreamer1.0-plugins-bad gstreamer1.0-plugins-good
  gstreamer1.0-nice
)
if [ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}")" = debian ]; then
  test_packages+=(chromium firefox-esr)
fi
