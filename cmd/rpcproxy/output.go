package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/sidecarconf"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
)

// shown is the text of an error, printable and cut, whoever's it is. The lists of the
// library, which are so by themselves, keep their lines.
func shown(err error) string {
	switch e := err.(type) { //nolint:errorlint // what is around one of these is one line
	case *failure:
		return shown(e.err)
	case *messages.AddrsError, *messages.UpdateError, *consul.WalkError, *proxy.ConfigError, sidecarconf.Errors:
		return e.Error()
	}
	text := contain.Text(err)
	if strings.HasPrefix(text, "unknown command ") { // suggestions come on lines of their own; what was given is quoted
		text = printable.Text(strings.Join(strings.Fields(err.Error()), " "))
	}
	return text
}

// warn writes a line for people, as errors are written.
func warn(errs io.Writer, text string) { fmt.Fprintln(errs, "rpcproxy:", text) }

// writeJSON writes v and a line feed. What would move a cursor, or hide or reorder
// something, is escaped, so that the text can be shown and means the same.
func writeJSON(w io.Writer, v any, indent string) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", indent)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(printable.JSON(text.Bytes()))
	return err
}

// flagError is an error of the flags. It does not repeat what may be a token: in
// -token=..., which is read as the value of -t, or in a flag that does not exist.
func flagError(err error) error {
	text := strings.ToLower(err.Error())
	if needs := strings.HasPrefix(text, "flag needs an argument"); !needs && (strings.Contains(text, "oken") || strings.Contains(text, "secret")) {
		return errToken
	}
	return err
}
