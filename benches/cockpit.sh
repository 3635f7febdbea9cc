#!/usr/bin/env bash
# What the cockpit costs: time to the first frame, bytes and CPU while nothing happens, memory, the terminal it leaves.
#
#   benches/cockpit.sh            needs a python3 that has pyte (PYTHON says which) and the folder of shared tools
#                                 (GONOGO_SHARED, else ../shared); GONOGO_BIN saves the release build
#
# Prints a line a figure and exits 1 where a target is missed. Run it on a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=${GONOGO_SHARED:-$(cd .. && pwd)/shared}/tools/ptybytes.py
python=${PYTHON:-python3}
[ -f "$tool" ] || { echo "no $tool: GONOGO_SHARED says where the shared tools are" >&2; exit 64; }
"$python" -c 'import pyte' || { echo "$python has no pyte: PYTHON says which one has" >&2; exit 64; }
if [ -z "${GONOGO_BIN:-}" ]; then
  cargo build --release
  GONOGO_BIN=${CARGO_TARGET_DIR:-target}/release/gonogo
fi
gonogo=$(realpath "$GONOGO_BIN")

home=$(mktemp -d)
served=
finish() {
  if [ -n "$served" ]; then kill "$served" 2>/dev/null || true; fi
  rm -rf "$home"
}
trap finish EXIT
variables=("PATH=$PATH" "HOME=$home" "XDG_CONFIG_HOME=$home/config" "XDG_CACHE_HOME=$home/cache" "XDG_STATE_HOME=$home/state")
alone() { env -i "${variables[@]}" "$@"; }
judge() { alone "$python" "$tool" --size "${size:-120x36}" "$@"; }

# A world that is over in seconds, seen once by the product itself, which keeps what it saw.
env -i "${variables[@]}" "$gonogo" sim --serve --speed 600 >"$home/served" &
served=$!
until grep -q '^# gh:' "$home/served"; do
  kill -0 "$served" || { echo 'the simulator ended' >&2; exit 1; }
  sleep 0.1
done
sed -n '/configuration file ----/,/credentials ----/p' "$home/served" >"$home/simulator.toml"
while IFS= read -r line; do
  variables+=("$(printf '%s' "${line#export }" | tr -d "'")")
done < <(grep '^export ' "$home/served")
cockpit=("$gonogo" --config "$home/simulator.toml")
alone "${cockpit[@]}" --quiet watch >/dev/null
judge --seconds 30 --keys '8:q' -- "${cockpit[@]}" >"$home/seen.json"

# The time to the first frame: to the end of its bytes, which nobody parses meanwhile as the judge does.
cat >"$home/frame.py" <<'P'
import fcntl, json, os, pty, statistics, struct, sys, termios, time
width, height, command, times, size = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:], [], 0
for _ in range(15):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', height, width, 0, 0))
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in 0, 1, 2: os.dup2(slave, fd)
        os.closerange(3, 64)
        os.execv(command[0], command)
    os.close(slave)
    seen = b''
    while b'\x1b[?2026l' not in seen: seen += os.read(master, 1 << 16)
    times.append((time.monotonic() - begin) * 1000)
    if b'quit' not in seen.split(b'\x1b[?2026l')[0]: sys.exit('the first frame has no footer')
    size = len(seen)
    os.write(master, b'q')
    try:
        while os.read(master, 1 << 16): pass
    except OSError: pass
    if os.waitpid(pid, 0)[1] != 0: sys.exit('the cockpit failed')
json.dump({'median': statistics.median(times), 'best': min(times), 'bytes': size}, sys.stdout)
P
for size in 80x24 120x36 200x50; do
  alone TERM=xterm-256color COLORTERM=truecolor LANG=C.UTF-8 "$python" "$home/frame.py" "${size%x*}" "${size#*x}" "${cockpit[@]}" >"$home/frame-$size"
done

for reply in '' --reply; do
  for size in 80x24 120x36 200x50; do
    judge --seconds 10 --keys '2:q' $reply -- "${cockpit[@]}" >"$home/first.$size.${reply:-silent}.json"
  done
  size=120x36
  judge --seconds 100 --idle 20-80 --keys '81:q' $reply -- "${cockpit[@]}" >"$home/idle.${reply:-silent}.json"
  judge --seconds 90 --keys '60:q' $reply -- "$gonogo" sim --speed 60 >"$home/release.${reply:-silent}.json"
done

"$python" - "$home" <<'P'
import glob, json, sys
home, missed = sys.argv[1], []
def load(pattern): return [json.load(open(f)) for f in sorted(glob.glob(f'{home}/{pattern}'))]
def say(what, value, unit, limit=None):
    is_missed = limit is not None and (value is None or value > limit)
    missed.extend([what] if is_missed else [])
    target = '' if limit is None else f'  (at most {limit} {unit})'
    print(f'{what:<58} {value if value is None else round(value, 2):>8} {unit}{target}{"  MISSED" if is_missed else ""}')
for size in '80x24', '120x36', '200x50':
    frame = json.load(open(f'{home}/frame-{size}'))
    say(f'first frame from a cached snapshot, {size}, median of 15', frame['median'], 'ms', 50)
    say(f'first frame from a cached snapshot, {size}, best', frame['best'], 'ms')
for terminal, how in ('silent', 'a terminal that is silent'), ('--reply', 'one that answers'):
    for size in '80x24', '120x36', '200x50':
        (first,) = load(f'first.{size}.{terminal}.json')
        say(f'first byte, {size}, {how}', first['first_byte_ms'], 'ms')
    (idle,), (release,) = load(f'idle.{terminal}.json'), load(f'release.{terminal}.json')
    say(f'a finished run: bytes in a minute, {how}', idle['idle']['bytes'], 'B', 0)
    say('a finished run: CPU', idle['idle']['cpu_percent'], '%', 0.1)
    say('a finished run: memory', idle['peak_rss_mib'], 'MiB')
    say(f'a whole release with its simulator: memory, {how}', release['peak_rss_mib'], 'MiB', 40)
    say('a whole release with its simulator: bytes', release['bytes'], 'B')
everything = load('*.json')
say('runs after which the terminal was not as before', sum(not r['restored']['all'] for r in everything), 'of %d' % len(everything), 0)
say('runs that did not end by themselves with 0', sum(r['exit'] != 0 or r['ended_by'] != 'itself' for r in everything), 'of %d' % len(everything), 0)
sys.exit(1 if missed else 0)
P
