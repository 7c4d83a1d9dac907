#!/bin/sh
# Writes RabbitMQ's definitions: the template, with a salted hash of each user's password, as RabbitMQ takes it.
#   definitions.sh TEMPLATE PASSWORDS DEFINITIONS       PASSWORDS is a folder with a file per user
set -eu
template=$1 passwords=$2 definitions=$3

hash_of() {
    salt=$(head -c 4 /dev/urandom | basenc --base16 -w 0)
    digest=$({ printf %s "$salt" | basenc --base16 -d; printf %s "$(cat "$1")"; } | sha256sum | cut -c 1-64 | tr a-f A-F)
    printf %s "$salt$digest" | basenc --base16 -d | basenc --base64 -w 0
}

script=$(mktemp)
for file in "$passwords"/*; do
    printf 's|"@%s@"|"%s"|\n' "${file##*/}" "$(hash_of "$file")"
done > "$script"
sed -f "$script" "$template" > "$definitions"
rm "$script"

if grep '"@.*@"' "$definitions"; then
    echo "no password in $passwords for the users above" >&2
    exit 1
fi
