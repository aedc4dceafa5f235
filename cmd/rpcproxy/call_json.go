package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// readArgs reads a JSON object. Integers become int64, or uint64 where that is
// too small; other numbers float64.
func readArgs(text string) (map[string]any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it ends too early")
		}
		return nil, fmt.Errorf(`--args is no JSON: %w: %q; give an object such as {"NodeID":"..."}`, err, text)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("--args goes on behind its first value: %q; give one object", text)
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf(`--args is no JSON object: %q; give one such as {"NodeID":"..."}`, text)
	}
	for name, member := range object {
		exact, err := exact(member)
		if err != nil {
			return nil, fmt.Errorf("--args has a bad number in %q: %w", name, err)
		}
		object[name] = exact
	}
	return object, nil
}

// exact replaces each json.Number by an int64, a uint64 or a float64.
func exact(v any) (_ any, err error) {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		if n, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
			return n, nil
		}
		return v.Float64()
	case []any:
		for i := range v {
			if v[i], err = exact(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range v {
			if v[name], err = exact(v[name]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// printReply writes a decoded answer as indented JSON.
func printReply(w io.Writer, reply any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(printable(reply))
}

// printable replaces the values that JSON has no form for.
func printable(v any) any {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return base64.StdEncoding.EncodeToString([]byte(v))
		}
	case []byte:
		return printable(string(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case float32:
		return printable(float64(v))
	case []any:
		for i := range v {
			v[i] = printable(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[printable(name).(string)] = printable(member) // of a string it is one
		}
		return out
	case map[any]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[fmt.Sprint(printable(name))] = printable(member)
		}
		return out
	}
	return v
}
