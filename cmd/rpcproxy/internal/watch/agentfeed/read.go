package agentfeed

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// polls is how often an agent without events is asked for its state before it is asked for
// events again.
const polls = 15

// read reads events, or else asks again and again, and returns why it cannot go on.
func (f *Feed) read(ctx context.Context, emit func(watch.Event)) error {
	for {
		refused, err := f.stream(ctx, emit)
		if refused == nil {
			return err
		}
		for n := range polls {
			r, err := f.poll(ctx)
			switch {
			case err != nil && n == 0:
				return refused // it says more
			case err != nil:
				return err
			}
			emit(r)
			if !sleep(ctx, f.cfg.Poll) {
				return ctx.Err()
			}
		}
	}
}

// stream reads events until it cannot go on. refused is set if the answer is no stream of them.
func (f *Feed) stream(ctx context.Context, emit func(watch.Event)) (refused, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(f.cfg.Idle, func() { cancel(fmt.Errorf("nothing came within %v", f.cfg.Idle)) })
	defer idle.Stop()
	answer, err := f.get(ctx, "events", "text/event-stream")
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if why := refusal(answer, "text/event-stream"); why != nil {
		return why, nil
	}
	events := newReader(answer.Body)
	for {
		e, err := events.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errors.New("it has closed the connection")
		case err != nil:
			return nil, cause(ctx, err)
		case e.name == "end":
			return nil, ended(e.data)
		case e.name != "state":
			continue // one of a newer version
		}
		state, err := decodeState(e.data)
		if err != nil {
			return nil, err
		}
		idle.Reset(f.cfg.Idle)
		emit(state)
	}
}

// ended is what the last event says.
func ended(text []byte) error {
	var end struct{ Of, Why string }
	if json.Unmarshal(text, &end) != nil || end.Why == "" {
		return errors.New("it has ended")
	}
	return errors.New("it has ended: " + printable.Text(end.Why))
}

// poll asks once for the snapshot.
func (f *Feed) poll(ctx context.Context) (watch.Event, error) {
	ctx, stop := context.WithTimeoutCause(ctx, f.cfg.Idle, fmt.Errorf("no answer within %v", f.cfg.Idle))
	defer stop()
	answer, err := f.get(ctx, "snapshot.json", "application/json")
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if why := refusal(answer, "application/json"); why != nil {
		return nil, why
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxState+1))
	switch {
	case err != nil:
		return nil, cause(ctx, err)
	case len(text) > maxState:
		return nil, fmt.Errorf("it answers with more than %d bytes", maxState)
	}
	return decodeSnapshot(text)
}

// get sends a request.
func (f *Feed) get(ctx context.Context, name, kind string) (*http.Response, error) {
	target := *f.target
	target.Path += "/" + name
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", kind)
	return f.transport.RoundTrip(request)
}

// cause is why a request failed: what has ended ctx, if that did.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return errors.New("it does not speak HTTPS: give http://")
	}
	return err
}
