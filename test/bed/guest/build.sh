#!/bin/sh
# Builds guest.elf and notes of which sources (guest.sources); both are committed, so that nobody needs a compiler.
set -eu
cd "$(dirname -- "$0")"
gcc -m32 -march=i686 -mgeneral-regs-only -ffreestanding -fno-pic -no-pie -fno-stack-protector \
  -fcf-protection=none -fno-asynchronous-unwind-tables -Wall -Wextra -Werror -O2 -nostdlib -static \
  -Wl,-T,guest.ld -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,-z,max-page-size=4096 -Wl,-s \
  -o guest.elf guest.c
sha256sum guest.c guest.ld build.sh >guest.sources
