package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf8"
)

// printReply writes a decoded answer as indented JSON. Unless it is to be raw, addresses and
// times are written as text.
func printReply(w io.Writer, reply any, raw bool) error {
	if !raw {
		reply = legible("", reply)
	}
	return writeJSON(w, plain(reply), "  ")
}

// plain replaces the values that JSON has no form for.
func plain(v any) any {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return base64.StdEncoding.EncodeToString([]byte(v))
		}
	case []byte:
		return plain(string(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case float32:
		return plain(float64(v))
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[plain(name).(string)] = plain(member) // of a string it is one
		}
		return out
	case map[any]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[fmt.Sprint(plain(name))] = plain(member)
		}
		return out
	}
	return v
}
