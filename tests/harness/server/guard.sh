# Runs one server and ends it when the test process is gone, however it went: the kernel closes this script's
# standard input then, SIGKILL included. A line on it kills the server and starts it again.
#   guard.sh DIRECTORY SERVER ARGUMENT...
# DIRECTORY is the server's own and is removed at the end. The server's pid is the first line of the output; that of one
# that was started again is in the file `next`.
directory=$1
shift
start() {
  "$@" </dev/null >>"$directory/log" 2>&1 &
  server=$!
}
start "$@"
# A signal to this script ends the wait below, and so the server too.
trap : HUP INT TERM
echo "$server"
exec >&-

while read -r _; do
  kill -KILL "$server"
  wait "$server" 2>/dev/null
  start "$@"
  echo "$server" >"$directory/next.new"
  mv "$directory/next.new" "$directory/next"
done

# The server is this script's child and not waited for yet, so its pid cannot belong to anybody else.
kill -TERM "$server" 2>/dev/null
tries=0
while [ "$tries" -lt 200 ] && read -r stat 2>/dev/null <"/proc/$server/stat"; do
  case "${stat##*) }" in Z*) break ;; esac
  tries=$((tries + 1))
  sleep 0.05
done
kill -KILL "$server" 2>/dev/null
wait "$server" 2>/dev/null
# Of a server on a disk of its own.
umount "$directory/data" 2>/dev/null
rm -rf -- "$directory"
