#!/usr/bin/env bash
set -Eeo pipefail

# value of a variable, or of the file that VAR_FILE names
value_or_file() {
	local name="$1"
	local from="${name}_FILE"
	local otherwise="${2:-}"
	if [ "${!name:-}" ] && [ "${!from:-}" ]; then
		printf >&2 'error: both %s and %s are set\n' "$name" "$from"
		exit 1
	fi
	local val="$otherwise"
	if [ "${!name:-}" ]; then
		val="${!name}"
	elif [ "${!from:-}" ]; then
		val="$(< "${!from}")"
	fi
	export "$name"="$val"
	unset "$from"
}

is_sourced() {
	[ "${#FUNCNAME[@]}" -ge 2 ] \
		&& [ "${FUNCNAME[0]}" = 'is_sourced' ] \
		&& [ "${FUNCNAME[1]}" = 'source' ]
}

make_directories() {
	local user; user="$(id -u)"
	mkdir -p "$PGDATA"
	chmod 00700 "$PGDATA" || :
	mkdir -p /var/run/postgresql || :
	chmod 03775 /var/run/postgresql || :
	if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then
		mkdir -p "$POSTGRES_INITDB_WALDIR"
		if [ "$user" = '0' ]; then
			find "$POSTGRES_INITDB_WALDIR" \! -user postgres -exec chown postgres '{}' +
		fi
		chmod 700 "$POSTGRES_INITDB_WALDIR"
	fi
	if [ "$user" = '0' ]; then
		find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
		find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
	fi
}

init_directory() {
	local uid; uid="$(id -u)"
	if ! getent passwd "$uid" &> /dev/null; then
		local wrapper
		for wrapper in {/usr,}/lib{/*,}/libnss_wrapper.so; do
			if [ -s "$wrapper" ]; then
				NSS_WRAPPER_PASSWD="$(mktemp)"
				NSS_WRAPPER_GROUP="$(mktemp)"
				export LD_PRELOAD="$wrapper" NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
				break
			fi
		done
	fi
	eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") '"$POSTGRES_INITDB_ARGS"' "$@"'
}

verify_environment() {
	if [ -z "$POSTGRES_PASSWORD" ] && [ 'trust' != "$POSTGRES_HOST_AUTH_METHOD" ]; then
		cat >&2 <<-'EOE'
			Error: the database is not initialised and no password is given.
		EOE
		exit 1
	fi
}

process_files() {
	local f
	for f; do
		case "$f" in
			*.sh)
				if [ -x "$f" ]; then
					"$f"
				else
					. "$f"
				fi
				;;
			*.sql) process_sql -f "$f" ;;
			*) printf 'ignoring %s\n' "$f" ;;
		esac
	done
}

process_sql() {
	local query=( psql -v ON_ERROR_STOP=1 --no-password )
	PGHOST= PGHOSTADDR= "${query[@]}" "$@"
}

setup_env() {
	value_or_file 'POSTGRES_PASSWORD'
	value_or_file 'POSTGRES_USER' 'postgres'
	value_or_file 'POSTGRES_DB' "$POSTGRES_USER"
	declare -g DATABASE_ALREADY_EXISTS
	if [ -s "$PGDATA/PG_VERSION" ]; then
		DATABASE_ALREADY_EXISTS='true'
	fi
}

setup_hba() {
	{
		printf '\n'
		printf 'host all all all %s\n' "$POSTGRES_HOST_AUTH_METHOD"
	} >> "$PGDATA/pg_hba.conf"
}

temp_start() {
	PGUSER="${PGUSER:-$POSTGRES_USER}" \
	pg_ctl -D "$PGDATA" -o "$(printf '%q ' "$@")" -w start
}

want_help() {
	local arg
	for arg; do
		case "$arg" in
			-'?'|--help|--describe-config|-V|--version)
				return 0
				;;
		esac
	done
	return 1
}

main() {
	if [ "${1:0:1}" = '-' ]; then
		set -- postgres "$@"
	fi
	if [ "$1" = 'postgres' ] && ! want_help "$@"; then
		setup_env
		make_directories
		if [ "$(id -u)" = '0' ]; then
			exec gosu postgres "$BASH_SOURCE" "$@"
		fi
		if [ -z "$DATABASE_ALREADY_EXISTS" ]; then
			verify_environment
			ls /docker-entrypoint-initdb.d/ > /dev/null
			init_directory
			setup_hba "$@"
			export PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}"
			temp_start "$@"
			process_files /docker-entrypoint-initdb.d/*
			unset PGPASSWORD
		fi
	fi
	exec "$@"
}

if ! is_sourced; then
	main "$@"
fi
