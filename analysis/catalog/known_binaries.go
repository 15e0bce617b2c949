package catalog

// knownBinaries is the table of programs, libraries and version files that tell what they are. Rows of one file name
// are asked in this order; the first that matches tells what the file is. Programs in Go are not here but in the table
// of goPrograms: their build information says more than their strings.
//
// A row must not match what a program says of the libraries that it was linked with, or of the version that it asks
// for: a miss is better than a false hit.
var knownBinaries = []classifier{
	// Shells and small tools.
	{"busybox* gzip", `BusyBox v<x.y.z>`, "busybox", "busybox:busybox", "", 0},
	{"bash", `@\(#\)Bash version <x.y.z>\(`, "bash", "gnu:bash", "", 0},
	{"gzip", `\x00(?P<version>1\.(?:[2-9]|1[0-9]))\x00`, "gzip", "gnu:gzip", "", unique},
	{"xz xzdec lzmadec", `\((?:XZ|LZMA) Utils\) <x.y.z>`, "xz", "tukaani:xz", "", 0},
	{"liblzma.so*", `\x00(?P<version>5\.[0-9]{1,2}\.[0-9]{1,2})\x00`, "xz", "tukaani:xz", "", named | unique},
	{"zstd", `\x00v(?P<version>1\.[0-9]{1,2}\.[0-9]{1,2})\x00`, "zstd", "facebook:zstandard", "", unique},
	{"libzstd.so*", `(?P<version>1\.4\.[0-9]{1,2})\x00`, "zstd", "facebook:zstandard", "", named | unique},
	{"libzstd.so*", `(?P<version>1\.5\.[0-9]{1,2})\x00`, "zstd", "facebook:zstandard", "", named | unique},
	{"bzip2 bunzip2 bzcat libbz2.so*", `(?P<version>1\.0\.[0-9]), [0-9]{1,2}-[A-Z][a-z]{2}-[12][0-9]{3}\x00`, "bzip2", "bzip:bzip2", "", 0},
	{"mount umount more lsblk fdisk su login agetty nsenter unshare getopt", `util-linux <x.y[.z]>\x00`, "util-linux", "kernel:util-linux", "", 0},
	{"jq", `\x00(?P<version>1\.[5-9](?:\.[0-9]{1,2})?)\x00`, "jq", "jqlang:jq", "", unique},
	{"git", `git/<x.y.z>[\x00.]`, "git", "git-scm:git", "", 0},
	{"curl", `curl <x.y.z> \(`, "curl", "haxx:curl", "", 0},
	{"libcurl.so* libcurl-*", `libcurl[ /]<x.y.z>[\x00\r]`, "curl", "haxx:libcurl haxx:curl", "", 0},
	{"ffmpeg ffprobe ffplay", `\x00%s version n?<x.y[.z]>[-\x00 ]`, "ffmpeg", "ffmpeg:ffmpeg", "", 0},
	{"libavcodec* libavformat* libavutil* libavfilter*", `FFmpeg version n?<x.y[.z]>[-\x00 ]`, "ffmpeg", "ffmpeg:ffmpeg", "", 0},

	// Cryptography, directories, tickets.
	{"openssl libcrypto.so* libssl.so* libcrypto-* libssl-*", `OpenSSL (?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,2}[a-z]{0,2}(?:-(?:alpha|beta|pre)[0-9]{1,2})?)(?:-fips)? {1,2}[0-9]{1,2} [A-Z][a-z]{2} [12][0-9]{3}`,
		"openssl", "openssl:openssl", "", 0},
	{"openssl libcrypto.so* libssl.so*", `LibreSSL <x.y.z>\x00`, "libressl", "openbsd:libressl", "", 0},
	{"openssl bssl libcrypto.so* libssl.so*", `AWS-LC (?:FIPS )?<x.y.z>\)?\x00`, "aws-lc", "", "", 0},
	{"ldapsearch ldapmodify ldapadd ldapdelete slapd", `\$OpenLDAP: [a-z]{3,12} (?P<version>2\.[0-9]\.[0-9]{1,3})[ +-]`, "openldap", "openldap:openldap", "", 0},
	{"libkrb5.so*", `KRB5_BRAND: krb5-(?P<version>1\.[0-9]{1,2}(?:\.[0-9]{1,2})?)-final`, "krb5", "mit:kerberos_5", "", 0},
	{"libkrb5.so* libgssapi.so* kdc kinit", `\$Version: Heimdal <x.y.z>`, "heimdal", "heimdal_project:heimdal", "", 0},

	// Servers and proxies.
	{"nginx nginx-debug", `nginx version: nginx/<x.y.z>`, "nginx", "f5:nginx nginx:nginx", "", 0},
	{"nginx openresty", `nginx version: openresty/<x.y.z.w>`, "openresty", "openresty:openresty", "", 0},
	{"httpd apache2", `Apache/<x.y.z>[\x00 ]`, "httpd", "apache:http_server", "", 0},
	{"lighttpd", `lighttpd/<x.y.z>[\x00 -]`, "lighttpd", "lighttpd:lighttpd", "", 0},
	{"haproxy", `HA-?Proxy version <x.y.z>`, "haproxy", "haproxy:haproxy", "", 0},
	{"haproxy", ` version <x.y.z>, released 20[0-9]{2}/`, "haproxy", "haproxy:haproxy", "", 0},
	{"haproxy", `\x00(?P<version>2\.[0-9]{1,2}\.[0-9]{1,2})-[0-9a-f][0-9a-z+~.]{0,40}\x00`, "haproxy", "haproxy:haproxy", "", unique},
	{"haproxy", `\x00(?P<version>3\.[0-9]{1,2}\.[0-9]{1,2})-[0-9a-f][0-9a-z+~.]{0,40}\x00`, "haproxy", "haproxy:haproxy", "", unique},
	{"envoy", `\x00(?P<version>1\.[1-9][0-9]\.[0-9]{1,2})\x00`, "envoy", "envoyproxy:envoy", "", unique},
	{"proftpd", `ProFTPD (?P<version>1\.[0-9]\.[0-9]{1,2}(?:[a-z]|rc[0-9])?) standalone`, "proftpd", "proftpd:proftpd", "", 0},
	{"proftpd", `ProFTPD Version (?P<version>1\.[0-9]\.[0-9]{1,2}(?:[a-z]|rc[0-9])?)\x00`, "proftpd", "proftpd:proftpd", "", 0},
	{"fluent-bit", `\x00(?P<version>[1-9]\.[0-9]{1,2}\.[0-9]{1,2})\x00{1,4}(?:\x1b\[1m\x00)?(?:%s)?Fluent Bit v%s`, "fluent-bit", "treasuredata:fluent_bit", "", 0},

	// Databases.
	{"redis-server redis-sentinel redis-check-*", inContainer, "redis", "redis:redis redislabs:redis", "", 0},
	{"redis-server redis-sentinel redis-check-*", onHost, "redis", "redis:redis redislabs:redis", "", 0},
	{"redis-server redis-sentinel redis-check-*", anywhere, "redis", "redis:redis redislabs:redis", "", 0},
	{"redis-server", `Redis version <x.y.z>\x00`, "redis", "redis:redis redislabs:redis", "", 0},
	{"redis-cli", `\x00(?P<version>[2-9]\.[0-9]{1,2}\.[0-9]{1,2})\x00 \(git:`, "redis", "redis:redis redislabs:redis", "", 0},
	{"valkey-server valkey-sentinel valkey-check-*", inContainer, "valkey", "lfprojects:valkey", "", 0},
	{"valkey-server valkey-sentinel valkey-check-*", onHost, "valkey", "lfprojects:valkey", "", 0},
	{"valkey-server valkey-sentinel valkey-check-*", anywhere, "valkey", "lfprojects:valkey", "", 0},
	{"valkey-cli", `\x00(?P<version>[7-9]\.[0-9]{1,2}\.[0-9]{1,2})\x00 \(git:`, "valkey", "lfprojects:valkey", "", 0},
	{"memcached", `\x00memcached <x.y.z>\x00`, "memcached", "memcached:memcached", "", 0},
	{"postgres psql pg_dump pg_ctl initdb", `\(PostgreSQL\) (?P<version>[0-9]{1,2}(?:\.[0-9]{1,2}){0,2}(?:(?:beta|rc)[0-9])?)[\n\x00 ]`, "postgresql", "postgresql:postgresql", "", 0},
	{"postgres", `PostgreSQL (?P<version>[0-9]{1,2}(?:\.[0-9]{1,2}){0,2}(?:(?:alpha|beta|rc)[0-9]{1,2})?) (?:on |\()`, "postgresql", "postgresql:postgresql", "", 0},
	{"mariadbd mysqld mariadb mysql mariadb-dump mysqldump mariadb-admin mysqladmin", `\x00<x.y.z>-MariaDB`, "mariadb", "mariadb:mariadb", "", 0},
	{"mysqld mysql mysqldump mysqladmin", `/percona-server-(?P<version>[5-9]\.[0-9]\.[0-9]{1,2}-[0-9]{1,2})/`, "percona-server", "percona:percona_server", "", 0},
	{"mysqld mysql mysqldump mysqladmin", `/Percona-XtraDB-Cluster-<x.y.z>`, "percona-xtradb-cluster", "percona:xtradb_cluster", "", 0},
	{"xtrabackup", `/percona-xtrabackup-<x.y.z>`, "percona-xtrabackup", "percona:xtrabackup", "", 0},
	{"mysqld mysql ndbd ndbmtd ndb_mgmd", `/mysql-cluster-gpl-<x.y.z>/`, "mysql-cluster", "oracle:mysql_cluster", "", 0},
	{"mysqld mysql ndbd ndbmtd ndb_mgmd", `-ndb-<x.y.z>\x00`, "mysql-cluster", "oracle:mysql_cluster", "", 0},
	{"mysqld mysql mysqldump mysqladmin", `/mysql-<x.y.z>(?:-release)?/`, "mysql", "oracle:mysql", "", 0},
	{"mysql mysqldump mysqladmin", `\x00(?P<version>[5-9]\.[0-9]\.[0-9]{1,2})\x00{1,8}mysql_real_escape`, "mysql", "oracle:mysql", "", 0},
	{"mongod mongos", `\x00(?P<version>[3-9]\.[0-9]\.[0-9]{1,2})\x00tcmalloc\x00`, "mongodb", "mongodb:mongodb", "", 0},
	{"mongod mongos", `\x00(?P<version>[3-9]\.[0-9]\.[0-9]{1,2})\x00heap_size\x00`, "mongodb", "mongodb:mongodb", "", 0},
	{"mongod mongos", `\x00(?P<version>[3-9]\.[0-9]\.[0-9]{1,2})\x00cppdefines\x00`, "mongodb", "mongodb:mongodb", "", 0},
	{"sqlite3 libsqlite3.so*", `\x00(?P<version>3\.[0-9]{1,2}\.[0-9]{1,2}(?:\.[0-9]{1,2})?)\x00`, "sqlite", "sqlite:sqlite", "", unique},
	{"sqlcipher libsqlcipher.so*", `\x00(?P<version>[3-9]\.[0-9]{1,2}\.[0-9]{1,2}) community\x00`, "sqlcipher", "zetetic:sqlcipher", "", 0},
	{"sqlcipher libsqlcipher.so*", `\x00community\x00(?P<version>[3-9]\.[0-9]{1,2}\.[0-9]{1,2})\x00`, "sqlcipher", "zetetic:sqlcipher", "", 0},
	{"arangod arangosh arangodump", `\x00<x.y.z>(?:-[0-9]{1,2})?(?: enterprise)? \[linux\]`, "arangodb", "arangodb:arangodb", "", 0},

	// Languages and their run-time systems.
	{"python2.* libpython2.*", `\x00(?P<version>2\.[0-9]\.[0-9]{1,2})\+?\x00`, "python", "python:python", "", named},
	{"python3.* libpython3.*", `\x00(?P<version>3\.[0-9]{1,2}\.[0-9]{1,2}(?:(?:a|b|rc)[0-9]{1,2})?)\+?\x00`, "python", "python:python", "", named},
	{"patchlevel.h", `#define PY_VERSION[ \t]{1,20}"(?P<version>[23]\.[0-9]{1,2}\.[0-9]{1,2}(?:(?:a|b|rc)[0-9]{1,2})?)\+?"`, "python", "python:python", "", text},
	{"pypy* libpypy*", `\[PyPy <x.y.z> with `, "pypy", "pypy:pypy", "", 0},
	{"perl perl5* libperl.so*", `\x00v(?P<version>5\.[0-9]{1,2}\.[0-9]{1,2})\x00`, "perl", "perl:perl", "", named | unique},
	{"perl perl5*", `/perl5/(?P<version>5\.[0-9]{1,2}\.[0-9]{1,2})[/\x00]`, "perl", "perl:perl", "", named | unique},
	{"ruby ruby2* ruby3* libruby*", `ruby (?P<version>[1-9]\.[0-9]{1,2}\.[0-9]{1,2})(?:p[0-9]{1,4}|(?:preview|rc)[0-9]{1,2}|dev)? \(20`, "ruby", "ruby-lang:ruby", "", 0},
	{"php php5* php7* php8* php-fpm* php-cgi* phpdbg* libphp*", `X-Powered-By: PHP/(?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,2}(?:(?:alpha|beta|RC)[0-9]{1,2})?)`, "php", "php:php", "", 0},
	{"node nodejs libnode.so*", `node\.js/v<x.y.z>\x00`, "node", "nodejs:node.js", "", 0},
	{"node nodejs libnode.so*", `/node-v<x.y.z>\.tar\.gz`, "node", "nodejs:node.js", "", 0},
	{"deno", `Deno/(?P<version>[1-9][0-9]?\.[0-9]{1,3}\.[0-9]{1,3})`, "deno", "deno:deno", "", unique},
	{"bun", `\x00Bun v<x.y.z> \(`, "bun", "", "", 0},
	{"dart", `\x00(?P<version>[23]\.[0-9]{1,2}\.[0-9]{1,2}) \(stable\) \(`, "dart", "dart:dart_software_development_kit", "", 0},
	{"go", `\x00go(?P<version>1\.[0-9]{1,2}(?:\.[0-9]{1,2})?(?:(?:rc|beta)[0-9]{1,2})?)\x00`, "go", "golang:go", "", unique},
	{"VERSION", `go(?P<version>1(?:\.[0-9]{1,2}){1,2}(?:(?:rc|beta)[0-9]{1,2})?)\s{0,2}(?:\z|time )`, "go", "golang:go", "", text | head},
	{"rustc librustc_driver-* libstd-*", `rustc version <x.y.z> \(`, "rust", "rust-lang:rust", "", unique},
	{"librustc_driver-* libstd-*", `/rustc-<x.y.z>/library/`, "rust", "rust-lang:rust", "", unique},
	{"libjulia.so* libjulia-internal.so*", `\x00(?P<version>1\.[0-9]{1,2}\.[0-9]{1,2})\x00`, "julia", "", "", named | unique},
	{"OTP_VERSION", `(?P<version>[12][0-9](?:\.[0-9]{1,3}){0,4})\s{0,2}\z`, "erlang", `erlang:erlang\/otp`, "", text | head},
	{"beam.smp", `/otp_src_(?P<version>[1-9][0-9](?:\.[0-9]{1,3}){1,4})/`, "erlang", `erlang:erlang\/otp`, "", unique},
	{"beam.smp", `(?P<version>[1-9][0-9](?:\.[0-9]{1,3}){1,4})\x00{1,16}Erlang/OTP`, "erlang", `erlang:erlang\/otp`, "", 0},
	{"elixir.app", `\{vsn, {0,4}"<x.y.z>"\}`, "elixir", "elixir-lang:elixir", "", text},
	{"ghc ghc-*", `libHSghc-<x.y.z>-ghc`, "ghc", "", "", named},
	{"ghc ghc-*", `\x00GHC <x.y.z>\x00`, "ghc", "", "", named | unique},
	{"cabal", `-ghc-[0-9.]{5,8}/cabal-install-(?P<version>[0-9](?:\.[0-9]{1,3}){2,3})`, "cabal-install", "", "pkg:hackage/cabal-install", 0},
	{"stack", `-ghc-[0-9.]{5,8}/stack-<x.y.z>`, "stack", "", "pkg:hackage/stack", 0},
	{"swipl libswipl.so*", `/swipl-<x.y.z>/src`, "swipl", "", "", unique},
	{"gcc g++ cc1 cc1plus x86_64-linux-gnu-gcc aarch64-linux-gnu-gcc", `\x00GCC: \([A-Za-z][^\x00)]{0,40}\) <x.y.z>\x00`, "gcc", "gnu:gcc", "", unique},
	{"libjvm.so", ` JRE \((?P<version>1\.[0-9]\.[0-9]_[0-9]{1,3}|[1-9][0-9](?:\.[0-9]{1,3}){0,5})[-+]`, "openjdk", "oracle:openjdk", "", 0},

	// Libraries with a name of their own, browsers.
	{"libQt5Core.so* libQt6Core.so*", `\x00Qt (?P<version>[56]\.[0-9]{1,2}\.[0-9]{1,2}) \(`, "qt", "qt:qt", "", 0},
	{"chrome chromium chromium-browser headless_shell chrome-headless-shell", `\x00(?P<version>[1-9][0-9]{1,2}\.0\.[0-9]{4}\.[1-9][0-9]{0,2})\x00`, "chrome", "google:chrome", "", unique},
	{"application.ini", `Name=Firefox\r?\n(?:[A-Za-z]{1,30}=[^\r\n]{0,60}\r?\n){0,3}Version=(?P<version>[0-9]{1,3}(?:\.[0-9]{1,3}){1,3})`, "firefox", "mozilla:firefox", "", text},

	// Programs in other languages, in one file.
	{"consul", `CONSUL_VERSION: <x.y.z>`, "consul", "hashicorp:consul", "", unique},
	{"composer*", `const VERSION = '<x.y.z>';\s{1,20}(?:public )?const BRANCH_ALIAS_VERSION`, "composer", "getcomposer:composer", "pkg:composer/composer/composer", text},
	{"wp wp-cli*", `'name' => 'wp-cli/wp-cli-bundle',\s{1,20}'pretty_version' => 'v?<x.y.z>'`, "wp-cli", "wp-cli:wp-cli", "pkg:composer/wp-cli/wp-cli-bundle", text},
	{"wp wp-cli*", `wp-cli/wp-cli <x.y.z> 20[0-9]{2}-`, "wp-cli", "wp-cli:wp-cli", "pkg:composer/wp-cli/wp-cli-bundle", text},
}

// How servers of the Redis family put together their build: the version, the name of the host and the time, then
// whether the sources were changed and their commit, both zero outside a repository. Nothing stands between version and
// name: containers have names of 12 hexadecimal digits, others must begin with a letter, and some builds have none.
const (
	inContainer = `(?P<version>[2-9]\.[0-9]{1,2}\.[0-9]{1,2})[0-9a-f]{12}-1[0-9]{9}000000000\x00`
	onHost      = `(?P<version>[2-9]\.[0-9]{1,2}\.[0-9]{1,2})[A-Za-z][A-Za-z0-9._-]{0,80}-1[0-9]{9}000000000\x00`
	anywhere    = `(?P<version>[2-9]\.[0-9]{1,2}\.[0-9]{1,2})1[0-9]{9}000000000\x00`
)
