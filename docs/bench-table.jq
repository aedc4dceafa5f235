# Makes the table of the README from what `go run ./testutil/bench -only '^client/' -json` prints: of the client ours, time
# and CPU of a call by those of stock, for each number of callers, and the same of bare, which has one caller only.
#
#	jq -rf docs/bench-table.jq
def cents: (. * 100 | round) as $n | "\($n / 100 | floor).\(($n % 100 + 100) | tostring | .[1:])";
def ratio: if . == null then "-" else .median | cents end;
def figures($client): [.clients[] | select(.client == $client) | "\(.to_stock | ratio), \(.cpu_to_stock | ratio)"];
def cells: . as $row | [["ours", ""], ["bare", ", bare"]][] | .[0] as $client | .[1] as $of
  | $row | figures($client)[] | {column: ((if $row.callers == "1" then "1 caller" else "\($row.callers) callers" end) + $of), figures: .};
map((.work | split("/")) as $w | {call: $w[1], callers: $w[2], clients}) | . as $rows
| (reduce ($rows[] | cells.column) as $c ([]; if index([$c]) then . else . + [$c] end)) as $columns
| (reduce $rows[].call as $c ([]; if index([$c]) then . else . + [$c] end)) as $calls
| "| call | " + ($columns | join(" | ")) + " |",
  "| --- |" + ([$columns[] | " --- |"] | add),
  ($calls[] as $c | [$rows[] | select(.call == $c) | cells] as $of
   | "| `\($c)` | " + ([$columns[] as $name | [$of[] | select(.column == $name) | .figures] | first // "-"] | join(" | ")) + " |")
