package daemon

import (
	"errors"
	"strings"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/sidecarconf"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

func (e *SocketError) Error() string {
	text := "the socket " + printable.Quote(e.Name, printable.MaxName) + " of systemd " + printable.Line(e.Reason, 2*printable.MaxText)
	if e.Err != nil && e.Reason == notTaken {
		text += ": " + contain.Text(e.Err)
	}
	return text
}

func (e *SocketError) Unwrap() error { return e.Err }

// text is an error on one line.
func text(err error) string {
	if list, ok := errors.AsType[sidecarconf.Errors](err); ok {
		var each []string
		for _, e := range list[:min(len(list), maxShown)] {
			each = append(each, e.Error())
		}
		return strings.Join(each, "; ")
	}
	return contain.Text(err)
}

// maxShown is how many errors a line of the log has.
const maxShown = 8

// notTaken is the reason where the cause says more.
const notTaken = "cannot be taken over"
