package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
)

// answering is a client that has each reply at once.
type answering struct {
	setup  Setup
	wrong  bool
	closed int
}

var errClosed = errors.New("closed")

func (a *answering) open(_ context.Context, s Setup) (*Opened, error) {
	a.setup = s
	return &Opened{
		Call: func(_ context.Context, _ int, _ string, _, reply any) error {
			if !a.wrong {
				*reply.(*body.NodeUpdateResponse) = *s.Call.Reply.(*body.NodeUpdateResponse)
			}
			return nil
		},
		Close: func() error { a.closed++; return nil },
	}, nil
}

// lines are the JSON values in out: the first, and the others.
func lines(t *testing.T, out *bytes.Buffer) (first Ready, reports []Report) {
	t.Helper()
	d := json.NewDecoder(out)
	if err := d.Decode(&first); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		var r Report
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		reports = append(reports, r)
	}
	return first, reports
}

func TestAClientAnswersEachOrderAndEndsWithThem(t *testing.T) {
	var a answering
	var out bytes.Buffer
	profile := filepath.Join(t.TempDir(), "a.pprof")
	args := []string{"-addr", "there:1", "-call", "heartbeat", "-callers", "3", "-cpuprofile", profile}
	if err := client(args, strings.NewReader(`{"round_ns":1000000}{"round_ns":1}`), &out, a.open); err != nil {
		t.Fatal(err)
	}
	first, reports := lines(t, &out)
	if first.Error != "" || len(reports) != 2 {
		t.Fatalf("%+v, and %d reports, want 2", first, len(reports))
	}
	for _, r := range reports {
		if r.Calls < 3 || r.NS <= 0 || r.P99 <= 0 || r.Error != "" {
			t.Errorf("%+v", r)
		}
	}
	if a.setup.Addr != "there:1" || a.setup.Callers != 3 || a.setup.Call.Method != "Node.UpdateStatus" || a.closed != 1 {
		t.Errorf("%+v", a)
	}
	if info, err := os.Stat(profile); err != nil || info.Size() == 0 {
		t.Errorf("the profile: %v, %v", info, err)
	}
}

func TestAnotherCallerCallsInTheRoundsThatHaveOneBeside(t *testing.T) {
	var out bytes.Buffer
	var beside atomic.Int64
	var after []int64 // how many calls there were beside by the end of each order
	open := func(_ context.Context, s Setup) (*Opened, error) {
		return &Opened{
			Call: func(_ context.Context, caller int, method string, _, _ any) error {
				switch {
				case caller == s.Callers && method == "Blob.Fetch":
					beside.Add(1)
				case caller >= s.Callers || method != "Status.Ping":
					t.Errorf("caller %d calls %s", caller, method)
				}
				return nil
			},
			Check: func(any) error { return nil },
			Close: func() error { after = append(after, beside.Load()); return nil },
		}, nil
	}
	for _, orders := range []string{`{"round_ns":1}`, `{"round_ns":1,"beside":true}`} {
		if err := client([]string{"-call", "ping", "-callers", "2", "-beside", "reply-64KiB"}, strings.NewReader(orders), &out, open); err != nil {
			t.Fatal(err)
		}
	}
	if after[0] != 0 || after[1] == 0 {
		t.Errorf("%d calls beside, want 0 and some", after)
	}
}

func TestAClientThatCannotStartSaysWhy(t *testing.T) {
	refusing := func(context.Context, Setup) (*Opened, error) { return nil, errClosed }
	wrong := answering{wrong: true}
	for _, c := range []struct {
		args []string
		open func(context.Context, Setup) (*Opened, error)
		says string
	}{
		{[]string{"-call", "heartbeat"}, refusing, "closed"},
		{[]string{"-call", "nothing"}, refusing, `"nothing"`},
		{[]string{"-call", "ping", "-beside", "nothing"}, refusing, "-beside"},
		{[]string{"-call", "ping", "-callers", "0"}, refusing, "-callers is 0"},
		{[]string{"-call", "ping", "-callers", "4097"}, refusing, "-callers is 4097"},
		{[]string{"-call", "heartbeat"}, wrong.open, body.ErrReply.Error()},
		{[]string{"-call", "heartbeat", "-cpuprofile", filepath.Join(t.TempDir(), "no", "such")}, new(answering).open, "such"},
	} {
		var out bytes.Buffer
		err := client(c.args, strings.NewReader(""), &out, c.open)
		first, reports := lines(t, &out)
		if err == nil || !strings.Contains(first.Error, c.says) || len(reports) != 0 {
			t.Errorf("%q: error %v; it says %q, want %q; %d reports", c.args, err, first.Error, c.says, len(reports))
		}
	}
	if wrong.closed != 1 {
		t.Errorf("a client that failed was closed %d times", wrong.closed)
	}
}

func TestAReplyThatIsNotTheServersEndsTheClient(t *testing.T) {
	var a answering
	var out bytes.Buffer
	err := client([]string{"-call", "heartbeat"}, &turning{text: `{"round_ns":1}`, turn: func() { a.wrong = true }}, &out, a.open)
	_, reports := lines(t, &out)
	if !errors.Is(err, body.ErrReply) || len(reports) != 1 || !strings.Contains(reports[0].Error, body.ErrReply.Error()) || a.closed != 1 {
		t.Errorf("error %v, reports %+v, closed %d times", err, reports, a.closed)
	}
}

// turning calls turn when its text is read, which is there a hundred times.
type turning struct {
	text  string
	turn  func()
	times int
}

func (t *turning) Read(b []byte) (int, error) {
	t.turn()
	if t.times++; t.times > 100 {
		return 0, io.EOF
	}
	return copy(b, t.text), nil
}

func TestAnOrderThatIsNoneEndsTheWorker(t *testing.T) {
	for _, garbage := range []string{"[", "7", "\x00", `{"round_ns":"long"}`} {
		var a answering
		if err := client([]string{"-call", "heartbeat"}, strings.NewReader(garbage), new(bytes.Buffer), a.open); err == nil || a.closed != 1 {
			t.Errorf("%q: error %v, closed %d times", garbage, err, a.closed)
		}
	}
}

func TestAServerTellsWhereItListensAndStopsWithItsOrders(t *testing.T) {
	var out bytes.Buffer
	stopped := 0
	start := func() (map[string]string, func() error, error) {
		return map[string]string{Plain: "here:1"}, func() error { stopped++; return errClosed }, nil
	}
	err := serve(strings.NewReader("{}"), &out, start)
	first, reports := lines(t, &out)
	if !errors.Is(err, errClosed) || stopped != 1 || first.Addrs[Plain] != "here:1" || len(reports) != 1 {
		t.Errorf("error %v, stopped %d times, %+v, %d reports", err, stopped, first, len(reports))
	}
	out.Reset()
	err = serve(strings.NewReader("{}"), &out, func() (map[string]string, func() error, error) { return nil, nil, errClosed })
	if first, reports := lines(t, &out); !errors.Is(err, errClosed) || first.Error != "closed" || len(reports) != 0 {
		t.Errorf("error %v, %+v, %d reports", err, first, len(reports))
	}
}
