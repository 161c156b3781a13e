#!/usr/bin/env bash
# A base image for the test of deploy/Containerfile, made of Debian packages alone, as
# localhost/feedsvc-base, or the name that is given. Needs root, debootstrap and buildah.
set -euo pipefail
name=${1:-localhost/feedsvc-base}

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$root/base" >&2
rm -rf "$root"/base/var/cache/apt/archives/*.deb "$root"/base/var/lib/apt/lists/*
container=$(buildah from scratch)
trap 'buildah rm "$container" >/dev/null; rm -rf "$root"' EXIT
buildah add --quiet "$container" "$root/base" / >/dev/null
buildah config --cmd /bin/bash "$container"
buildah commit --quiet "$container" "$name" >/dev/null
echo "$name"
