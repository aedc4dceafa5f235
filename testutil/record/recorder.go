package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// recorder plays the client's side of recordings to servers.
type recorder struct {
	tls    *tls.Config
	region string
	// patience is how long an answer is waited for. Then the recording goes on
	// without it.
	patience time.Duration
}

// take is one recording while it is made.
type take struct {
	session  *plainclient.Session
	sniffed  *sniffer
	subst    *substitutes
	patience time.Duration
	streams  map[uint32]*playing
	ended    bool // the server closed the connection
}

// playing is a stream of the recording, and the one in its place.
type playing struct {
	*plainclient.Stream
	lost bool   // the server answered less than recorded: nothing more is expected
	read []byte // no whole value yet
}

// record plays the client's side of a recording to addr and returns the conversation.
// The error is that of dialing, or of a stream. A server that closes the connection is
// recorded.
func (r *recorder) record(ctx context.Context, addr string, golden *testutil.Transcript) (*testutil.Transcript, error) {
	steps, err := golden.Steps()
	if err != nil {
		return nil, err
	}
	conn, err := plainclient.Connect(ctx, addr, r.tls)
	if err != nil {
		return nil, err
	}
	sniffed := sniff(conn)
	if _, err := sniffed.Write([]byte{plainclient.ModeYamux}); err != nil {
		return nil, errors.Join(err, sniffed.Close())
	}
	session, err := plainclient.Start(sniffed, plainclient.Config{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = session.Close() }()
	t := &take{session: session, sniffed: sniffed, subst: newSubstitutes(r.region), patience: r.patience, streams: map[uint32]*playing{}}
	for _, step := range steps {
		err := t.step(ctx, step)
		if t.ended = session.IsClosed(); t.ended {
			break // that is what the server did: the difference, if it is one, is reported
		}
		if err != nil {
			return nil, fmt.Errorf("%v: %w", step, err)
		}
	}
	if err := t.finish(ctx, golden); err != nil {
		return nil, err
	}
	out, err := transcript(sniffed.notes())
	if err != nil {
		return nil, err
	}
	out.Name, out.Description = golden.Name, golden.Description
	if out.Transport = "plain TCP"; r.tls != nil {
		out.Transport = "TLS"
	}
	return out, nil
}

// step makes one step of the recording happen, or waits for it.
func (t *take) step(ctx context.Context, s testutil.Step) error {
	if s.Ping {
		return t.until(ctx, time.Duration(s.Micros)*time.Microsecond+pingSlack)
	}
	if s.Stream%2 == 0 {
		return errors.New("the server opened this stream: such recordings cannot be made anew")
	}
	p := t.streams[s.Stream]
	if p == nil {
		p = &playing{}
		t.streams[s.Stream] = p
	}
	switch {
	case p.lost && !(s.Client && s.Flags == "FIN"):
		return nil
	case s.Client && s.Message != nil:
		return t.send(p, s.Message)
	case s.Client && s.Flags == "FIN" && p.Stream != nil:
		return p.Close()
	case s.Message != nil:
		return t.receive(p, s.Message)
	case s.Flags == "FIN" && p.Stream != nil && !p.lost:
		return t.drain(p)
	}
	return nil // yamux sends and awaits SYN and ACK
}

// pingSlack is how much later than recorded a ping of yamux may come.
const pingSlack = time.Second

// until waits until the connection is d old.
func (t *take) until(ctx context.Context, d time.Duration) error {
	wait := time.NewTimer(time.Until(t.sniffed.began.Add(d)))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send writes a message; the first one is the mode byte of the stream.
func (t *take) send(p *playing, m *testutil.TranscriptMessage) error {
	if m.Kind == "mode" {
		opened, err := t.session.OpenMode(m.Bytes[0])
		p.Stream = opened
		return err
	}
	out, err := t.subst.request(m)
	if err != nil {
		return err
	}
	_, err = p.Write(out)
	return err
}

// receive reads the next value of a stream. One that does not come in time, or an end
// of the stream in its place, is noted and no failure: that is what the server did.
func (t *take) receive(p *playing, m *testutil.TranscriptMessage) error {
	if err := p.SetReadDeadline(time.Now().Add(t.patience)); err != nil {
		return err
	}
	for buffer := make([]byte, 4096); ; {
		if got, n := value(p.read); n > 0 {
			p.read = p.read[n:]
			t.subst.learn(m.Value, got)
			return nil
		}
		n, err := p.Read(buffer)
		if p.read = append(p.read, buffer[:n]...); err != nil {
			p.lost = true
			return nil //nolint:nilerr // the difference is reported when the recordings are compared
		}
	}
}

// drain waits for the end of a stream that the server ends first.
func (t *take) drain(p *playing) error {
	if err := p.SetReadDeadline(time.Now().Add(t.patience)); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, p) // more than recorded, an end or none: the recording has it
	return nil
}

// finish closes the connection as the recorded one was closed.
func (t *take) finish(ctx context.Context, golden *testutil.Transcript) error {
	if !t.ended && strings.HasPrefix(golden.Closed[0], dirOf(true)) {
		if err := t.sniffed.closeWrite(); err != nil {
			return err
		}
	}
	limit := time.NewTimer(t.patience)
	defer limit.Stop()
	select {
	case <-t.session.CloseChan():
	case <-limit.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// differences lists where the answers are of another kind, or have another error,
// than the recorded ones.
func differences(golden, fresh *testutil.Transcript) (all []string) {
	outline := func(t *testutil.Transcript) map[uint32][]string {
		lines := map[uint32][]string{}
		for _, s := range t.Streams {
			for _, m := range s.Messages {
				if m.Direction != dirOf(false) || m.Kind == "stream_frame" {
					continue
				}
				line := m.Kind
				if v, ok := m.Value.(map[string]any); ok && v["Error"] != nil {
					line = fmt.Sprintf("%s, Error %q", m.Kind, v["Error"])
				}
				lines[s.ID] = append(lines[s.ID], line)
			}
		}
		return lines
	}
	want, got := outline(golden), outline(fresh)
	for _, s := range golden.Streams {
		a, b := want[s.ID], got[s.ID]
		for i := range max(len(a), len(b)) {
			if x, y := at(a, i), at(b, i); x != y {
				all = append(all, fmt.Sprintf("stream %d, answer %d: %s; the recording of Nomad %s has %s", s.ID, i, y, golden.NomadVersion, x))
			}
		}
		delete(got, s.ID)
	}
	for id := range maps.Keys(got) {
		all = append(all, fmt.Sprintf("stream %d is new", id))
	}
	return all
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}
