#!/bin/bash
set -eo pipefail
shopt -s nullglob

note() {
	local type="$1"; shift
	printf '%s [%s] %s\n' "$(date --rfc-3339=seconds)" "$type" "$*"
}
fail() {
	note ERROR "$@" >&2
	exit 1
}

is_sourced() {
	[ "${#FUNCNAME[@]}" -ge 2 ] && [ "${FUNCNAME[1]}" = 'source' ]
}

want_help() {
	local arg
	for arg; do
		case "$arg" in
			-'?'|--help|--print-defaults|-V|--version)
				return 0
				;;
		esac
	done
	return 1
}

verbose_help_args=(
	--verbose --help
)

check_config() {
	local toRun=( "$@" "${verbose_help_args[@]}" ) errors
	if ! errors="$("${toRun[@]}" 2>&1 >/dev/null)"; then
		fail $'the server refused its settings\n\tcommand was: '"${toRun[*]}"
	fi
}

get_config() {
	local conf="$1"; shift
	"$@" "${verbose_help_args[@]}" 2>/dev/null \
		| awk -v conf="$conf" '$1 == conf && /^[^ \t]/ { print; exit }'
}

create_directories() {
	local user; user="$(id -u)"
	local -A dirs=( ["$DATADIR"]=1 )
	local dir
	dir="$(dirname "$SOCKET")"
	dirs["$dir"]=1
	local conf
	for conf in \
		general-log-file \
		keyring_file_data \
		pid-file \
		secure-file-priv \
		slow-query-log-file \
	; do
		dir="$(get_config "$conf" "$@")"
		if [ -z "$dir" ] || [ "$dir" = 'NULL' ]; then
			continue
		fi
		case "$conf" in
			secure-file-priv) ;;
			*) dir="$(dirname "$dir")" ;;
		esac
		dirs["$dir"]=1
	done
	mkdir -p "${!dirs[@]}"
	if [ "$user" = "0" ]; then
		find "${!dirs[@]}" \! -user mysql -exec chown --no-dereference mysql '{}' +
	fi
}

setup_env() {
	declare -g DATADIR SOCKET
	DATADIR="$(get_config 'datadir' "$@")"
	SOCKET="$(get_config 'socket' "$@")"
	declare -g DATABASE_ALREADY_EXISTS
	if [ -d "$DATADIR/mysql" ]; then
		DATABASE_ALREADY_EXISTS='true'
	fi
}

process_sql() {
	mysql --defaults-extra-file=<( _password_file ) --comments "$@"
}

setup_db() {
	process_sql --database=mysql <<-EOSQL
		SET @@SESSION.SQL_LOG_BIN=0;
		FLUSH PRIVILEGES ;
	EOSQL
}

main() {
	if [ "${1:0:1}" = '-' ]; then
		set -- mysqld "$@"
	fi
	if [ "$1" = 'mysqld' ] && ! want_help "$@"; then
		note Note "Entrypoint script for the server started."
		check_config "$@"
		setup_env "$@"
		create_directories "$@"
		if [ "$(id -u)" = "0" ]; then
			note Note "Switching to dedicated user 'mysql'"
			exec gosu mysql "$BASH_SOURCE" "$@"
		fi
		if [ -z "$DATABASE_ALREADY_EXISTS" ]; then
			setup_db
		fi
	fi
	exec "$@"
}

if ! is_sourced; then
	main "$@"
fi
