package testutil

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
)

// twins maps what is by chance in a recording to what stands in its place here:
// addresses, identities, indexes. What was seen once must be the same ever after.
type twins struct {
	strings map[string]string
	numbers map[float64]float64 // indexes
	nodes   *float64            // how many nodes the recorded cluster had more
	cluster *Cluster
}

func newTwins(c *Cluster) *twins {
	return &twins{strings: map[string]string{}, numbers: map[float64]float64{0: 0}, cluster: c}
}

// pair notes that two strings stand for the same, or reports that they do not.
func (w *twins) pair(recorded, got string) string {
	known, ok := w.strings[recorded]
	if !ok {
		for other, taken := range w.strings {
			if taken == got {
				return fmt.Sprintf("%q stands for both %q and %q", got, other, recorded)
			}
		}
		w.strings[recorded] = got
		return ""
	}
	if known != got {
		return fmt.Sprintf("%q in place of %q", got, known)
	}
	return ""
}

// recordedAddr is what addresses look like in the recordings.
var recordedAddr = regexp.MustCompile(`127\.0\.\d+\.\d+:4647`)

// text puts the addresses of here into a recorded text.
func (w *twins) text(recorded string) string {
	return recordedAddr.ReplaceAllStringFunc(recorded, func(addr string) string {
		if twin, ok := w.strings[addr]; ok {
			return twin
		}
		return addr
	})
}

// argument puts what the fake server said into a recorded argument.
func (w *twins) argument(key string, recorded any) any {
	switch v := recorded.(type) {
	case map[string]any:
		out := map[string]any{}
		if text, ok := v["$hex"].(string); ok && len(v) == 2 { // a time, kept as its bytes
			var h Hex
			_ = json.Unmarshal([]byte(`"`+text+`"`), &h)
			return []byte(h)
		}
		for k, e := range v {
			out[k] = w.argument(k, e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = w.argument(key, e)
		}
		return out
	case string:
		if twin, ok := w.strings[v]; ok {
			return twin
		}
		return v
	case float64:
		if key == "MinQueryIndex" {
			if twin, ok := w.numbers[v]; ok {
				v = twin
			}
		}
		if v == float64(int64(v)) {
			return int64(v)
		}
		return v
	default:
		return v
	}
}

// differ lists what is different between a recorded value and one from here.
func (w *twins) differ(path, key string, recorded, got any) (all []string) {
	no := func(format string, args ...any) { all = append(all, path+": "+fmt.Sprintf(format, args...)) }
	switch want := recorded.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			no("%v in place of a map", got)
			return all
		}
		if a, b := slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(have)); !slices.Equal(a, b) {
			no("keys %v, want %v", b, a)
		}
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if v, ok := have[k]; ok {
				all = append(all, w.differ(path+"."+k, k, want[k], v)...)
			}
		}
	case []any:
		have, ok := got.([]any)
		if !ok || len(have) != len(want) {
			no("%v, want %d elements", got, len(want))
			return all
		}
		if w.isServers(key, want) {
			return append(all, w.differServers(path, want, have)...)
		}
		for i := range want {
			all = append(all, w.differ(fmt.Sprintf("%s[%d]", path, i), key, want[i], have[i])...)
		}
	case string:
		have, ok := got.(string)
		if !ok {
			no("%v in place of %q", got, want)
			return all
		}
		all = append(all, w.differText(path, key, want, have)...)
	case float64:
		have, ok := got.(float64)
		if !ok {
			no("%v in place of %v", got, want)
			return all
		}
		if reason := w.differNumber(key, want, have); reason != "" {
			no("%s", reason)
		}
	default: // a boolean, or nil
		if recorded != got {
			no("%v, want %v", got, recorded)
		}
	}
	return all
}

// isServers reports whether a list is one of servers, whose order is by chance.
func (w *twins) isServers(key string, list []any) bool {
	s, ok := list[0].(string)
	return key == "Servers" || ok && recordedAddr.MatchString(s)
}

func (w *twins) differServers(path string, want, got []any) (all []string) {
	var named []string
	for i := range got {
		addr, isText := got[i].(string)
		if entry, ok := got[i].(map[string]any); ok {
			addr, _ = entry["RPCAdvertiseAddr"].(string)
			recorded := maps.Clone(want[i].(map[string]any))
			delete(recorded, "RPCAdvertiseAddr")
			entry = maps.Clone(entry)
			delete(entry, "RPCAdvertiseAddr")
			all = append(all, w.differ(path+"[]", "", recorded, entry)...)
		} else if !isText {
			all = append(all, fmt.Sprintf("%s: %v is no server", path, got[i]))
		}
		named = append(named, addr)
	}
	slices.Sort(named)
	there := w.cluster.Live()
	if _, peers := got[0].(string); peers {
		there = w.cluster.Addrs()
	}
	if slices.Sort(there); !slices.Equal(named, there) {
		all = append(all, fmt.Sprintf("%s: names %v, there are %v", path, named, there))
	}
	return all
}

func (w *twins) differText(path, key, want, got string) []string {
	no := func(reason string) []string { return []string{path + ": " + reason} }
	switch {
	case key == "SignedIdentity":
		if len(got)*10 < len(want)*9 || strings.Count(got, ".") != 2 {
			return no("no identity: " + got)
		}
		if reason := w.pair(want, got); reason != "" {
			return no(reason)
		}
	case recordedAddr.FindString(want) == want && want != "":
		if _, _, err := net.SplitHostPort(got); err != nil {
			return no("no address: " + got)
		}
		if reason := w.pair(want, got); reason != "" {
			return no(reason)
		}
	case key == "Data" || key == "Payload":
		var a, b any
		if json.Unmarshal([]byte(want), &a) == nil {
			if err := json.Unmarshal([]byte(got), &b); err != nil {
				return no("no JSON: " + got)
			}
			if a, b := shapeOf(a), shapeOf(b); a != b {
				return no("JSON of the shape\n" + b + "\nwant\n" + a)
			}
		}
	case slices.Contains([]string{"Established", "LastContact"}, key): // durations as text
	case w.text(want) != got:
		return no(fmt.Sprintf("%q, want %q", got, w.text(want)))
	}
	return nil
}

func (w *twins) differNumber(key string, want, got float64) string {
	const seconds = 1e9
	switch key {
	case "HeartbeatTTL":
		if want == 0 && got != 0 || want > 0 && (got < 10*seconds || got > 20*seconds) {
			return fmt.Sprintf("a TTL of %v ns, want one as %v", got, want)
		}
	case "Index", "NodeModifyIndex":
		if known, ok := w.numbers[want]; ok && known != got || !ok && got == 0 {
			return fmt.Sprintf("index %v, want the one for %v (%v)", got, want, known)
		}
		w.numbers[want] = got
	case "NumNodes":
		if want == 0 || got == 0 {
			if want != got {
				return fmt.Sprintf("%v nodes, want %v", got, want)
			}
			break
		}
		if w.nodes == nil {
			more := want - got
			w.nodes = &more
		}
		if want-got != *w.nodes {
			return fmt.Sprintf("%v nodes, want %v", got, want-*w.nodes)
		}
	case "LastContact", "LastIndex", "LastTerm":
		if (want == 0) != (got == 0) {
			return fmt.Sprintf("%v, want one as %v", got, want)
		}
	default:
		if want != got {
			return fmt.Sprintf("%v, want %v", got, want)
		}
	}
	return ""
}
