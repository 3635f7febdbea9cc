#!/usr/bin/env bash
# What `gonogo verify` costs beside cosign: wall, CPU, memory and requests, on the same registry in the same run.
#
#   benches/verify.sh [ROUNDS]    needs docker-registry, python3, cosign 2.6 and 3.1 (COSIGN2 and COSIGN3 say where, else
#                                 the judges' folder is looked into) and the shared images (GONOGO_SHARED, else
#                                 ../shared); GONOGO_BIN saves the release build
#
# cosign answers with four commands: the signature, the provenance, and the SBOM of each of two platforms; gonogo with
# one. Each SBOM has 1 MiB. Prints a line a figure and exits 1 where a target is missed. Run it on a machine that does
# nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
images=${GONOGO_SHARED:-$(cd .. && pwd)/shared}/fixtures/images
judges=$HOME/.cache/gonogo-judges/bin
export COSIGN2=${COSIGN2:-$judges/cosign2} COSIGN3=${COSIGN3:-$judges/cosign3}
[ -f "$images/cases.json" ] || { echo "no $images: GONOGO_SHARED says where the shared images are" >&2; exit 64; }
for program in "$COSIGN2" "$COSIGN3" docker-registry python3; do
  command -v "$program" >/dev/null || { echo "no $program" >&2; exit 64; }
done
if [ -z "${GONOGO_BIN:-}" ]; then
  cargo build --release
  GONOGO_BIN=${CARGO_TARGET_DIR:-target}/release/gonogo
fi
GONOGO_BIN=$(realpath "$GONOGO_BIN")
export GONOGO_BIN

home=$(mktemp -d)
registry=
finish() {
  if [ -n "$registry" ]; then kill "$registry" 2>/dev/null || true; fi
  rm -rf "$home"
}
trap finish EXIT
mkdir "$home/reg"
tar xzf "$images/storage.tar.gz" -C "$home/reg"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$home/registry.yml" <<Y
version: 0.1
log: {accesslog: {disabled: false}, level: error}
storage:
  cache: {blobdescriptor: inmemory}
  filesystem: {rootdirectory: $home/reg}
http: {addr: "127.0.0.1:$port"}
health: {storagedriver: {enabled: false}}
Y
docker-registry serve "$home/registry.yml" >"$home/access.log" 2>/dev/null &
registry=$!
python3 - "$images" "$home" "127.0.0.1:$port" "${1:-15}" <<'P'
import json, os, shutil, socket, statistics, sys, time
images, home, registry, rounds = *sys.argv[1:4], int(sys.argv[4])
cases = json.load(open(f"{images}/cases.json"))
digests = {case["name"]: case["digests"] for case in cases["cases"]}
host, port = registry.split(":")
while True:
    try:
        socket.create_connection((host, int(port))).close()
        break
    except OSError:
        time.sleep(0.05)

keys = f"{images}/keys"
variables = {"PATH": os.environ["PATH"], "HOME": f"{home}/nobody"}
of_keys = {
    "SIGSTORE_ROOT_FILE": f"{keys}/fulcio-chain.pem",
    "SIGSTORE_REKOR_PUBLIC_KEY": f"{keys}/rekor1.pub",
    "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": f"{keys}/ctlog.pub",
}
root = ["--trusted-root", f"{images}/trusted_root.json"]
signer = [
    f"--certificate-oidc-issuer={cases['issuer']}",
    f"--certificate-identity-regexp={cases['identity_regexp']}",
    f"--certificate-github-workflow-repository={cases['github_repository']}",
]


def run(command, more):
    """Runs a command that must succeed; wall and CPU in milliseconds, peak memory in MiB."""
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        for fd in (1, 2):
            os.dup2(os.open(f"{home}/out.{fd}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), fd)
        try:
            os.execvpe(command[0], command, variables | more)
        finally:
            os._exit(127)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    if status:
        sys.exit(f"{' '.join(command)}\n{open(f'{home}/out.2').read()}{open(f'{home}/out.1').read()}")
    return 1000 * wall, 1000 * (used.ru_utime + used.ru_stime), used.ru_maxrss / 1024


def requests():
    """Requests so far; the registry writes its log line after its answer."""
    last = None
    while True:
        count = sum(1 for line in open(f"{home}/access.log") if ' "' in line)
        if count == last:
            return count
        last = count
        time.sleep(0.05)


def added(one, other):
    return one[0] + other[0], one[1] + other[1], max(one[2], other[2])


def cosign(program, common, name, more):
    of, sum = digests[name], (0, 0, 0)
    image = f"{registry}/lab/{name}@"
    typed = lambda kind: [program, "verify-attestation", "--offline", "--type", kind, *common, *signer]
    for command in (
        [program, "verify", "--offline", *common, *signer, image + of["index"]],
        [*typed("slsaprovenance"), image + of["index"]],
        [*typed("spdxjson"), image + of["amd64"]],
        [*typed("spdxjson"), image + of["arm64"]],
    ):
        sum = added(sum, run(command, more))
    return sum


def gonogo(name, *flags):
    return run(
        [
            os.environ["GONOGO_BIN"], "verify", f"{registry}/lab/{name}:{cases['tag']}", *root, *flags,
            "--issuer", cases["issuer"], "--identity", cases["identity_regexp"],
            "--github-repo", cases["github_repository"],
            "--expect-commit", cases["commit"], "--expect-ref", cases["ref"],
            "--expect-run", f"{cases['run_id']}-{cases['run_attempt']}",
        ],
        {},
    )


def forgotten(name):
    shutil.rmtree(variables["HOME"], ignore_errors=True)
    return gonogo(name)


missed = 0


def say(what, figure, target=None, unit=""):
    global missed
    is_met = target is None or figure <= target
    missed += not is_met
    goal = "" if target is None else f"  {'target' if is_met else 'MISSED, target'} {target:g}"
    print(f"  {what:<28}{figure:8.3g} {unit:<4}{goal}", flush=True)


for name, program, common, more, most in (
    ("legacy-good-big-sbom", os.environ["COSIGN2"], [], of_keys, 16 + 2),
    ("v3-good-rekor1-big-sbom", os.environ["COSIGN3"], root, {}, 20 + 2),
    ("v3-good-rekor2-tsa-big-sbom", os.environ["COSIGN3"], root, {}, 20 + 2),
):
    # Once each for what is only paid once: the registry's own caches, the pages of the programs.
    before = requests()
    cosign(program, common, name, more)
    cosigns = requests() - before
    forgotten(name)
    cold = requests() - before - cosigns
    gonogo(name)
    known = requests() - before - cosigns - cold
    theirs, ours, again = [], [], []
    for _ in range(rounds):
        theirs.append(cosign(program, common, name, more))
        ours.append(forgotten(name))
        again.append(gonogo(name))
    median = lambda runs, figure: statistics.median(run[figure] for run in runs)
    print(name)
    say("cosign, four commands", median(theirs, 0), unit="ms")
    say("gonogo", median(ours, 0), unit="ms")
    say("gonogo / cosign, wall", median(ours, 0) / median(theirs, 0), 0.12)
    say("cosign, CPU", median(theirs, 1), unit="ms")
    say("gonogo, CPU with start", median(ours, 1), 40, "ms")
    say("cosign, peak memory", max(run[2] for run in theirs), unit="MiB")
    say("gonogo, peak memory", max(run[2] for run in ours + again), 40, "MiB")
    say("cosign, requests", cosigns)
    say("gonogo, requests", cold, most)
    say("gonogo, requests, known", known, 1)
    say("gonogo, wall, known", median(again, 0), unit="ms")
    say("gonogo, CPU, known", median(again, 1), unit="ms")
sys.exit(1 if missed else 0)
P
