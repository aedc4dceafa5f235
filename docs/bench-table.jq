# Makes the table of the README from what `go run ./testutil/bench -only '^client/' -json` prints: of the client ours, time
# and CPU of a call by those of stock, for each number of callers.
#
#	jq -rf docs/bench-table.jq
def cents: (. * 100 | round) as $n | "\($n / 100 | floor).\(($n % 100 + 100) | tostring | .[1:])";
def ratio: if . == null then "-" else .median | cents end;
map((.work | split("/")) as $w | {call: $w[1], callers: $w[2], ours: (.clients[] | select(.client == "ours"))})
| [.[].callers] as $all | (reduce $all[] as $c ([]; if index([$c]) then . else . + [$c] end)) as $callers
| (reduce .[].call as $c ([]; if index([$c]) then . else . + [$c] end)) as $calls | . as $rows
| "| call | " + ([$callers[] | if . == "1" then "1 caller" else "\(.) callers" end] | join(" | ")) + " |",
  "| --- |" + ([$callers[] | " --- |"] | add),
  ($calls[] as $c | "| `\($c)` | " + ([$rows[] | select(.call == $c) | "\(.ours.to_stock | ratio), \(.ours.cpu_to_stock | ratio)"] | join(" | ")) + " |")
