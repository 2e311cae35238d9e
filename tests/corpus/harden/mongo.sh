#!/bin/bash
set -Eeuo pipefail

if [ "${1:0:1}" = '-' ]; then
	set -- mongod "$@"
fi

originalArgOne="$1"

if [[ "$originalArgOne" == mongo* ]] && [ "$(id -u)" = '0' ]; then
	if [ "$originalArgOne" = 'mongod' ]; then
		find /data/configdb /data/db \! -user mongodb -exec chown mongodb '{}' +
	fi

	# make sure we can write to stdout and stderr as "mongodb"
	chown --dereference mongodb "/proc/$$/fd/1" "/proc/$$/fd/2" || :

	exec gosu mongodb "$BASH_SOURCE" "$@"
fi

if [[ "$originalArgOne" == mongo* ]]; then
	numa=( numactl --interleave=all )
	if "${numa[@]}" true &> /dev/null; then
		set -- "${numa[@]}" "$@"
	fi
fi

file_env() {
	local var="$1"
	local fileVar="${var}_FILE"
	local def="${2:-}"
	local val="$def"
	if [ "${!var:-}" ]; then
		val="${!var}"
	elif [ "${!fileVar:-}" ]; then
		val="$(< "${!fileVar}")"
	fi
	export "$var"="$val"
	unset "$fileVar"
}

jsonConfigFile="${TMPDIR:-/tmp}/docker-entrypoint-config.json"
tempConfigFile="${TMPDIR:-/tmp}/docker-entrypoint-temp-config.json"

_parse_config() {
	if [ -s "$tempConfigFile" ]; then
		return 0
	fi
	if configPath="$(_get_arg --config "$@")"; then
		mongosh --norc --nodb --quiet --eval "x" > "$jsonConfigFile"
		return 0
	fi
	return 1
}
_dbPath() {
	local dbPath=
	if _parse_config "$@"; then
		dbPath="$(jq -r '.storage.dbPath // empty' "$jsonConfigFile")"
	fi
	if [ -z "$dbPath" ]; then
		dbPath=/data/db
	fi
	echo "$dbPath"
}

if [ "$originalArgOne" = 'mongod' ]; then
	file_env 'MONGO_INITDB_ROOT_USERNAME'
	file_env 'MONGO_INITDB_ROOT_PASSWORD'
	shouldPerformInitdb=
	dbPath="$(_dbPath "$@")"
	if [ -n "${shouldPerformInitdb:-}" ]; then
		pidfile="${TMPDIR:-/tmp}/docker-entrypoint-temp-mongod.pid"
		rm -f "$pidfile"
	fi
	unset "${!MONGO_INITDB_@}"
fi

rm -f "$jsonConfigFile" "$tempConfigFile"

exec "$@"
