package testutil

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
)

// ExecInput is one message to a command that runs: what it shall read, or that
// there is nothing more. It is sent as it is, without a frame around it.
type ExecInput struct{ Stdin *ExecData }

// ExecOutput is one message of a command: what it wrote, or how it ended. It is
// JSON in the payload of a frame.
type ExecOutput struct {
	Stdout *ExecData `json:"stdout,omitempty"`
	Stderr *ExecData `json:"stderr,omitempty"`
	Exited bool      `json:"exited,omitempty"`
	Result *ExecExit `json:"result,omitempty"`
}

// ExecData is some bytes, or the end of them.
type ExecData struct {
	Data  []byte `json:"data,omitempty"`
	Close bool   `json:"close,omitempty"`
}

// ExecExit is how a command ended.
type ExecExit struct {
	ExitCode int `json:"exit_code,omitempty"`
}

// EchoExec answers Allocations.Exec, by a server or an agent: it runs a command that
// writes what it reads. It ends well when its input does. A client that closes its
// side before it said so kills the command: there is no result then.
func EchoExec(ctx context.Context, c net.Conn) error {
	r := bufio.NewReader(c)
	if _, err := readValue(r); err != nil {
		return err
	}
	for ctx.Err() == nil {
		var in ExecInput
		if err := readInto(r, &in); err != nil {
			return nil //nolint:nilerr // the client has gone: there is no one to answer
		}
		switch {
		case in.Stdin == nil: // a sign of life
		case in.Stdin.Close:
			return writeOutput(c, ExecOutput{Exited: true, Result: &ExecExit{}})
		default:
			if err := writeOutput(c, ExecOutput{Stdout: &ExecData{Data: in.Stdin.Data}}); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func writeOutput(c net.Conn, out ExecOutput) error {
	payload, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return WriteFrame(c, StreamFrame{Payload: payload})
}

// ReadOutput is Read for a stream of Allocations.Exec: it returns the output in the payload
// of the next frame.
func (f *FrameReader) ReadOutput() (out ExecOutput, err error) {
	frame, err := f.Read()
	if err != nil {
		return out, err
	}
	err = json.Unmarshal(frame.Payload, &out)
	return out, err
}

// WriteInput sends one message to a command. The error is that of the connection.
func WriteInput(c net.Conn, in ExecInput) error { return writeValue(c, in) }
