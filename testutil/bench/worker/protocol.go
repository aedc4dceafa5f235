package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/open-nomad/rpcproxy/testutil/bench/round"
)

// Ready is the first line of a worker.
type Ready struct {
	Addrs map[string]string `json:"addrs,omitempty"` // of a server: its listeners by name
	Error string            `json:"error,omitempty"` // it could not start; nothing follows
}

// Order is a line to a worker.
type Order struct {
	RoundNS int64 `json:"round_ns"`         // a client works for so long; a server tells what it has used
	Beside  bool  `json:"beside,omitempty"` // while another caller makes the call of Setup.Beside again and again
}

// Report is the answer to an Order.
type Report struct {
	round.Sample
	CPUTotal  int64  `json:"cpu_total_ns"`    // nanoseconds, since the worker started
	PeakBytes int64  `json:"peak_bytes"`      // of memory, up to now; 0: the platform does not tell
	Error     string `json:"error,omitempty"` // the round failed, and the worker ends
}

// The listeners of a server, by the clients that call them.
const (
	Plain = "plain" // net/rpc over yamux
	Floor = "floor" // bytes there and back
	GRPC  = "grpc"
)

// obey answers each order on in with what do returns, after a first line, until in ends or do
// fails.
func obey(in io.Reader, out io.Writer, first Ready, do func(Order) (Report, error)) error {
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	if err := answers.Encode(first); err != nil {
		return err
	}
	for {
		var o Order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("an order: %w", err)
		}
		report, err := do(o)
		if err != nil {
			report.Error = err.Error()
		}
		report.CPUTotal, report.PeakBytes = int64(round.CPU()), round.Peak()
		if err := errors.Join(err, answers.Encode(report)); err != nil {
			return err
		}
	}
}

// refuse says that the worker cannot start.
func refuse(out io.Writer, err error) error {
	return errors.Join(err, json.NewEncoder(out).Encode(Ready{Error: err.Error()}))
}
