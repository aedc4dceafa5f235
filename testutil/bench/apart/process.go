package apart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

// patience is how long a worker may take for what takes it seconds, on a machine that is busy.
const patience = 5 * time.Minute

// process is a worker.
type process struct {
	name    string
	cmd     *exec.Cmd
	kill    context.CancelFunc
	orders  io.WriteCloser
	encoder *json.Encoder
	answers *json.Decoder
	errs    *head
	ready   worker.Ready
	waited  bool
	ended   error // as Wait said
}

// start starts a worker on a CPU and blocks until it is ready. It is killed when ctx ends.
func start(ctx context.Context, cpu *int, program string, args ...string) (_ *process, err error) {
	ctx, kill := context.WithCancel(ctx)
	p := &process{name: filepath.Base(program), kill: kill, errs: new(head), cmd: exec.CommandContext(ctx, program, args...)}
	defer func() {
		if err != nil {
			kill()
		}
	}()
	p.cmd.Stderr = p.errs
	if p.orders, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.encoder, p.answers = json.NewEncoder(p.orders), json.NewDecoder(out)
	if err := startOn(cpu, p.cmd.Start); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	err = p.answer(&p.ready)
	if err == nil && p.ready.Error != "" {
		err = fmt.Errorf("%s: %s", p.name, p.ready.Error)
	}
	if err != nil {
		kill()
		_ = p.wait() // it was killed
		return nil, err
	}
	return p, nil
}

// wait blocks until the worker has ended, and returns how.
func (p *process) wait() error {
	if !p.waited {
		p.waited, p.ended = true, p.cmd.Wait()
	}
	return p.ended
}

// broken kills a worker that does not keep to the protocol, and returns why with what it said.
func (p *process) broken(err error) error {
	p.kill()
	err = errors.Join(err, p.wait()) // nothing more is said
	return fmt.Errorf("%s: %w %s", p.name, err, p.errs.text)
}

// answer reads the worker's next line into v. A worker that does not answer is killed.
func (p *process) answer(v any) error {
	defer time.AfterFunc(patience, p.kill).Stop()
	if err := p.answers.Decode(v); err != nil {
		return p.broken(fmt.Errorf("no answer within %v: %w", patience, err))
	}
	return nil
}

// work has the worker do what an order says and blocks until it has.
func (p *process) work(o worker.Order) (r worker.Report, err error) {
	if err := p.encoder.Encode(o); err != nil {
		return r, p.broken(err)
	}
	if err := p.answer(&r); err != nil {
		return r, err
	}
	if r.Error != "" {
		return r, fmt.Errorf("%s: %s", p.name, r.Error)
	}
	return r, nil
}

// close ends the worker and blocks until it has ended.
func (p *process) close() error {
	defer p.kill()
	defer time.AfterFunc(patience, p.kill).Stop()
	err := p.orders.Close()
	if ended := p.wait(); ended != nil {
		return fmt.Errorf("%s: %w %s", p.name, ended, p.errs.text)
	}
	return err
}

// head keeps the first bytes that are written to it.
type head struct{ text []byte }

const mostText = 4 << 10

func (h *head) Write(b []byte) (int, error) {
	h.text = append(h.text, b[:min(len(b), mostText-len(h.text))]...)
	return len(b), nil
}
