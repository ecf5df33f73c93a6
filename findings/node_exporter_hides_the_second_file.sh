#!/usr/bin/env bash
# node_exporter drops the second of two equal series from its textfile folder, and every sign that
# it shows says that all is well.
#
# prometheus-node-exporter 1.5.0-1+b6 of Debian 12. Two files that hold one series each, with the
# same name and labels: the scrape is answered with 200, node_textfile_scrape_error is 0, the
# collector succeeded, and both files have a time of reading; the series of the file that is
# second by name is gone, and only a line of the exporter's own log tells. Whoever writes metrics
# of several data sets into one folder needs a label that tells the data sets apart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/wanted" <<'SEEN'
status 200
job_ok{column="age"} 1
node_scrape_collector_success{collector="textfile"} 1
node_textfile_scrape_error 0
files read: 2
SEEN
(cd "$folder" && apt-get download -q prometheus-node-exporter=1.5.0-1+b6 > /dev/null 2> "$folder/apt.log") || { cat "$folder/apt.log"; exit 2; }
for package in "$folder"/*.deb; do dpkg -x "$package" "$folder"; done
mkdir "$folder/metrics"
printf '# TYPE job_ok gauge
job_ok{column="age"} 1
' > "$folder/metrics/orders.prom"
printf '# TYPE job_ok gauge
job_ok{column="age"} 0
' > "$folder/metrics/users.prom"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder/usr/bin/prometheus-node-exporter" --collector.disable-defaults --collector.textfile   --collector.textfile.directory="$folder/metrics" --web.listen-address="127.0.0.1:$port" 2> "$folder/log" &
trap 'kill %1; rm -rf "$folder"' EXIT
until grep -q Listening "$folder/log"; do kill -0 %1; sleep 0.1; done
python3 - "http://127.0.0.1:$port/metrics" > "$folder/seen" <<'PYTHON'
import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1]) as answer:
    lines = answer.read().decode().splitlines()
    print("status", answer.status)
shown = ("job_ok", "node_scrape_collector_success", "node_textfile_scrape_error")
print(*(line for line in lines if line.startswith(shown)), sep="\n")
print("files read:", sum(line.startswith("node_textfile_mtime_seconds{") for line in lines))
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
