package stockagent

import (
	"errors"
	"io"
	"net/http"
	"net/rpc"
	"strconv"
	"strings"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/testutil"
)

// answered reports whether an error is the text of a server.
func answered(err error) bool {
	_, ok := errors.AsType[rpc.ServerError](err)
	return ok
}

// leaderless reports whether a call found no leader.
func leaderless(err error) bool { return strings.Contains(err.Error(), testutil.ErrTextNoLeader) }

// unknownNode reports whether the node has to register again.
func unknownNode(err error) bool { return strings.Contains(err.Error(), testutil.ErrTextNodeNotFound) }

// ended reports whether a connection ended amid a call: that of the agent, or of a
// server that forwarded the call, which then says so behind a colon.
func ended(err error) bool {
	if _, dialing := errors.AsType[*DialError](err); dialing {
		return false
	}
	text := err.Error()
	return errors.Is(err, io.EOF) ||
		strings.Contains(text, yamux.ErrStreamClosed.Error()) ||
		strings.Contains(text, yamux.ErrSessionShutdown.Error()) ||
		answered(err) && strings.HasSuffix(text, ": "+testutil.ErrTextEOF)
}

// repeats reports whether a call that failed is made again.
func repeats(read bool, err error) bool { return leaderless(err) || read && ended(err) }

// coded is what an error's text begins with that has a code for HTTP.
const coded = "RPC Error::"

// HTTPStatus is the status and the text with which an agent's HTTP API answers when a
// call ended with err, which goes by its text: a code at the beginning counts if nothing
// stands in front of it, some refusals count at the end, whatever stands in front.
func HTTPStatus(err error) (code int, text string) {
	text = err.Error()
	if rest, ok := strings.CutPrefix(text, coded); ok {
		number, message, found := strings.Cut(rest, ",")
		if code, err := strconv.Atoi(strings.TrimSpace(number)); err == nil && found {
			return code, message
		}
	}
	if strings.HasSuffix(text, testutil.ErrTextPermissionDenied) {
		return http.StatusForbidden, testutil.ErrTextPermissionDenied
	}
	return http.StatusInternalServerError, text
}
