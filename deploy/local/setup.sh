#!/bin/sh
# Makes .venv from the hash-pinned lock: `sh deploy/local/setup.sh PYTHON`, in the checkout. Harmless when it is there.
set -eu
python=$1

give_up() {
    echo "$1" >&2
    exit 1
}

lock=$(sha256sum requirements.lock | cut -d' ' -f1)
[ "$(cat .venv/lock 2>/dev/null || true)" = "$lock" ] && exit 0

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    give_up "Python 3.11 or later is needed and $python is not: install it, or name it: make PYTHON=python3.12 up"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    give_up "$python lacks its venv module: install it (Debian: apt-get install python3-venv), then run make again."
[ "$(df -Pk . | awk 'NR==2 {print $4}')" -gt 1500000 ] ||
    give_up "The disk is nearly full: the packages need 1.5 GB here. Make room, then run make again."

exec 9<requirements.lock
! command -v flock >/dev/null || flock 9 # another `make` in this checkout may be at it
[ "$(cat .venv/lock 2>/dev/null || true)" = "$lock" ] && exit 0
echo "Installing the Python packages …"
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
awk '/^uv==/ {p = 1} p {print} p && !/\\$/ {exit}' requirements.lock >.venv/uv.lock
{
    { .venv/bin/uv --version || .venv/bin/pip install -q --require-hashes --no-deps -r .venv/uv.lock; } &&
        .venv/bin/uv pip sync -q --require-hashes --python .venv/bin/python requirements.lock
} >.venv/setup.log 2>&1 ||
    give_up "The packages could not be installed ($(tail -n 1 .venv/setup.log)): check the way to the package registry (network, proxy, pip's and uv's settings), then run make again; .venv/setup.log tells more."

cat >.venv/bin/beredskab <<'EOF'
#!/bin/sh
# The command, with the checkout it lies in. Compiled modules are kept, or every process would compile all anew.
unset PYTHONDONTWRITEBYTECODE
checkout=$(cd "$(dirname "$0")/../.." && pwd)
PYTHONPATH="$checkout${PYTHONPATH:+:$PYTHONPATH}" exec "$checkout/.venv/bin/python" -m deploy.cli "$@"
EOF
chmod +x .venv/bin/beredskab
echo "$lock" >.venv/lock
