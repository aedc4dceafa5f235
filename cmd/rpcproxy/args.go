package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// argsFlags are how the command call gets the fields of a request.
type argsFlags struct{ text, file string }

func (f *argsFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.text, "args", "{}", "the request's fields, a JSON object (others on this machine can read it), @FILE, or - for standard input")
	flags.StringVar(&f.file, "args-file", "", "file with the request's fields, or - for standard input")
	cmd.MarkFlagsMutuallyExclusive("args", "args-file")
}

// maxArgs bounds the file of --args-file, in bytes.
const maxArgs = 16 << 20

// fields reads the fields. It warns of those in a flag that others must not read.
func (f *argsFlags) fields(cmd *cobra.Command) (map[string]any, error) {
	flag := "args-file"
	if !cmd.Flags().Changed(flag) {
		switch file, named := strings.CutPrefix(f.text, "@"); {
		case named && file == "":
			return nil, errors.New("--args is @ with no name behind it: give @FILE, or - for standard input")
		case named || f.text == "-":
			flag, f.file = "args", file
		default:
			flag = ""
		}
	}
	if flag == "" {
		fields, err := readArgs("--args", f.text)
		if names := secrets(fields); len(names) > 0 {
			warn(cmd.ErrOrStderr(), fmt.Sprintf("warning: --args has %s, which every user of this machine can read while this runs: use --args-file, --token-file or %s",
				strings.Join(names, ", "), tokenVariable))
		}
		return fields, err
	}
	text, err := f.read(cmd, flag)
	if err != nil {
		return nil, err
	}
	return readArgs("--"+flag, string(text))
}

// read reads the file that a flag names, or standard input.
func (f *argsFlags) read(cmd *cobra.Command, flag string) ([]byte, error) {
	if f.file != "-" {
		return readNamed(cmd.Context(), flag, f.file, maxArgs)
	}
	return readStandard(cmd.Context(), flag, cmd.InOrStdin(), maxArgs)
}

// readArgs reads a JSON object, the value of a flag. Integers become int64, or uint64
// where that is too small; other numbers float64. No error repeats any of the text, which
// may hold secrets.
func readArgs(flag, text string) (map[string]any, error) {
	const want = `give an object such as {"NodeID":"..."}`
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("%s is no JSON: %s; %s", flag, problem(err, text), want)
	}
	end := dec.InputOffset()
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s goes on behind its first value, %s; give one object", flag, place(text, end))
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is no JSON object, but %s; %s", flag, kindOf(v), want)
	}
	for name, member := range object {
		exact, fits := exact(member)
		if !fits {
			return nil, fmt.Errorf("%s has a number in %s that is too large: a float64 must hold it", flag, printable.Quote(name, maxField))
		}
		object[name] = exact
	}
	return object, nil
}

// maxField is how much of a field's name is shown, in bytes.
const maxField = 64

// problem is what is wrong with a JSON text and where, without what stands there.
func problem(err error, text string) string {
	bad, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return "it ends too early, " + place(text, int64(len(text)))
	}
	what := "it is malformed"
	if _, after, found := strings.Cut(bad.Error(), "invalid character "); found && len(after) > 2 {
		// The character stands in quotes, and may be a quote itself.
		if _, context, found := strings.Cut(after[2:], "' "); found {
			what = "a character cannot stand there (" + printable.Line(context, maxField) + ")"
		}
	}
	return what + ", " + place(text, bad.Offset)
}

// place is where an offset is, in words.
func place(text string, offset int64) string {
	before := text[:min(max(offset, 0), int64(len(text)))]
	if line := strings.Count(before, "\n"); line > 0 {
		return fmt.Sprintf("at byte %d of line %d", len(before)-strings.LastIndexByte(before, '\n')-1, line+1)
	}
	return fmt.Sprintf("at byte %d", len(before))
}

// kindOf is what a JSON value is.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case []any:
		return "a list"
	case bool:
		return "true or false"
	default:
		return "a number"
	}
}

// exact replaces each json.Number by an int64, a uint64 or a float64, and reports
// whether they fit.
func exact(v any) (_ any, fits bool) {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, true
		}
		if n, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
			return n, true
		}
		n, err := v.Float64()
		return n, err == nil
	case []any:
		for i := range v {
			if v[i], fits = exact(v[i]); !fits {
				return nil, false
			}
		}
	case map[string]any:
		for name := range v {
			if v[name], fits = exact(v[name]); !fits {
				return nil, false
			}
		}
	}
	return v, true
}

// secrets are the names of the fields that hold secrets, at any depth, in order, and
// eight at most.
func secrets(v any) []string {
	names := map[string]bool{}
	collectSecrets(v, names)
	sorted := slices.Sorted(maps.Keys(names))
	return sorted[:min(len(sorted), 8)]
}

func collectSecrets(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if text, ok := member.(string); ok && text != "" && maySecret(name) {
				into[printable.Line(name, maxField)] = true
			}
			collectSecrets(member, into)
		}
	case []any:
		for _, member := range v {
			collectSecrets(member, into)
		}
	}
}
