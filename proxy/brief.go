package proxy

import (
	"errors"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
)

// brief is a failure in few words, beside the address of its server: the phase and the
// cause, without what repeats the address.
func brief(err error) string {
	if call, ok := errors.AsType[*pool.CallError](err); ok {
		return call.Phase.String() + ": " + call.Cause()
	}
	if dial, ok := errors.AsType[*pool.DialError](err); ok {
		return dial.Phase.String() + ": " + dial.Cause()
	}
	if network, ok := errors.AsType[*net.OpError](err); ok && network.Err != nil {
		err = network.Err
	}
	return err.Error()
}

// lasted is a duration for a log, to three digits or so, with its unit.
func lasted(d time.Duration) string {
	switch {
	case d >= time.Second:
		d = d.Round(100 * time.Millisecond)
	case d >= time.Millisecond:
		d = d.Round(time.Millisecond)
	}
	return d.String()
}
